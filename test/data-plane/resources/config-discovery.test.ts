import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSlot } from "../../../data-plane/resources/config-discovery.ts";
import type { Slot } from "../../../data-plane/resources/config-discovery.ts";
import { OwnedSubscriptions } from "../../../data-plane/resources/owned-subscriptions.ts";
import type { ResourceHold, ResourceWatch } from "../../../data-plane/resources/subscriptions.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, parseContext, problemsOf, schema, valueOf } from "../parse-kit.ts";
import { runContext } from "../run-kit.ts";

const CORS = "envoy.extensions.filters.http.cors.v3.Cors";
const RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC";
const FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter";

/** An HTTP filter of the connection manager with this `config_discovery`. */
const filter = (discovery: string) =>
  asType(FILTER, message(FILTER, `{name: f, config_discovery: ${discovery}}`));

const types = `type_urls: [type.googleapis.com/${CORS}]`;
const ads = "config_source: {ads: {}}";

describe("config_discovery of a filter (XC-48)", () => {
  const refused: readonly (readonly [title: string, discovery: string, problem: string])[] = [
    [
      "a type that is no filter",
      `{${ads}, type_urls: [type.googleapis.com/nope.Nope]}`,
      "type_urls[0]: Error: no factory found for a required type URL nope.Nope. (not supported by the bundled data plane)",
    ],
    [
      "no warming and no default",
      `{${ads}, ${types}, apply_default_config_without_warming: true}`,
      "apply_default_config_without_warming: Error: filter config f applied without warming but has no default config.",
    ],
    [
      "a default of another type",
      `{${ads}, ${types}, default_config: {"@type": type.googleapis.com/${RBAC}}}`,
      `default_config: Error: filter config has type URL ${RBAC} but expect ${CORS}.`,
    ],
  ];
  for (const [title, discovery, problem] of refused) {
    it(`is refused with ${title}, in Envoy's words`, () => {
      const found = problemsOf(parseSlot("httpFilters", filter(discovery), parseContext(), "m"));
      assert.deepEqual(found, [`m.config_discovery.${problem}`]);
    });
  }

  it("is refused with a source that cannot be used (XC-3)", () => {
    const context = { ...parseContext(), sourceRefusal: () => "no such source" };
    const found = problemsOf(parseSlot("httpFilters", filter(`{${ads}, ${types}}`), context, "m"));
    assert.deepEqual(found, ["m.config_discovery.config_source: no such source"]);
  });

  it("asks nobody to wait when the default is to serve at once", () => {
    const fallback = `default_config: {"@type": type.googleapis.com/${CORS}}`;
    const found = [true, false].map((isCold) => {
      const discovery = `{${ads}, ${types}, ${fallback}, apply_default_config_without_warming: ${isCold}}`;
      const install = valueOf(parseSlot("httpFilters", filter(discovery), parseContext(), "m"));
      const subscriptions = new OwnedSubscriptions(silent);
      const slot: Slot<unknown> = install({ ...runContext(), subscriptions }, "http.web");
      return [slot.current !== undefined, subscriptions.ready === undefined];
    });
    assert.deepEqual(found, [
      [true, true],
      [true, false],
    ]);
  });

  it("refuses a resource that has another name than the one that was asked for", () => {
    const install = valueOf(parseSlot("httpFilters", filter(`{${ads}, ${types}}`), parseContext(), "m"));
    let reasons: readonly string[] = [];
    const subscribe = <Value>(watch: ResourceWatch<Value>): ResourceHold => {
      const config = { type_url: `type.googleapis.com/${CORS}`, value: schema.encode(CORS, {}) };
      reasons = problemsOf(watch.parse({ name: "other", typed_config: config }));
      return hold;
    };
    install({ ...runContext(), subscriptions: { ...silent, subscribe } }, "http.web");
    assert.deepEqual(reasons, ["Unexpected resource name in ExtensionConfigDS response: other"]);
  });
});

const hold: ResourceHold = { whenAnswered: () => undefined, close: () => undefined };

/** A control plane that never answers. */
const silent = { subscribe: () => hold, subscribeAll: () => hold };
