import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EffectKind } from "../../../src/checks/impact/effect.ts";
import { compareGroups } from "../../../src/checks/impact/compare-groups.ts";
import { groupsOf, schema } from "./kit.ts";

interface Row {
  readonly name: string;
  /** The body of a resource before and after, as YAML of one line; absent when it is not there. */
  readonly before?: string;
  readonly after?: string;
  readonly kind: EffectKind;
  readonly fields?: readonly string[];
}

const chains = "filter_chains: [{name: a}, {name: b, filter_chain_match: {destination_port: 1}}]";
const listener = (more: string) => `listeners: [{name: l, ${more}}]`;
const at = (port: number) => `address: {socket_address: {address: 0.0.0.0, port_value: ${port}}}`;
const two = listener(`${at(80)}, ${chains}`);
const load = (...ports: readonly number[]) =>
  `endpoints: [{cluster_name: c, endpoints: [{lb_endpoints: [${ports
    .map((port) => `{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: ${port}}}}}`)
    .join(", ")}]}]}]`;
const secret = (key: string) => `secrets: [{name: s, generic_secret: {secret: {inline_string: ${key}}}}]`;

// What these kinds do on a real Envoy is played in test/interop/impact.test.ts.
const rows: readonly Row[] = [
  {
    name: "a filter chain that changed",
    before: two,
    after: listener(
      `${at(80)}, filter_chains: [{name: a}, {name: b, filter_chain_match: {destination_port: 2}}]`,
    ),
    kind: "filter-chain-drained",
    fields: ['filter_chains["b"]'],
  },
  {
    name: "filter chains in another order",
    before: two,
    after: listener(
      `${at(80)}, filter_chains: [{name: b, filter_chain_match: {destination_port: 1}}, {name: a}]`,
    ),
    kind: "in-place",
    fields: ["filter_chains"],
  },
  {
    name: "a default filter chain that goes",
    before: listener(`${at(80)}, ${chains}, default_filter_chain: {name: d}`),
    after: two,
    kind: "filter-chain-drained",
    fields: ["default_filter_chain"],
  },
  {
    name: "listener filters",
    before: two,
    after: listener(`${at(80)}, ${chains}, listener_filters_timeout: 3s`),
    kind: "listener-drained",
    fields: ["listener_filters_timeout"],
  },
  {
    name: "use_proxy_proto of the first filter chain, which adds a listener filter",
    before: two,
    after: listener(`${at(80)}, filter_chains: [{name: a, use_proxy_proto: true}]`),
    kind: "listener-drained",
    fields: ["filter_chains[0].use_proxy_proto"],
  },
  {
    name: "the port",
    before: two,
    after: listener(`${at(81)}, ${chains}`),
    kind: "re-bound",
    fields: ["address"],
  },
  {
    name: "a socket option",
    before: two,
    after: listener(`${at(80)}, ${chains}, freebind: true`),
    kind: "re-bound",
    fields: ["freebind"],
  },
  {
    name: "a field that is set to its default",
    before: two,
    after: listener(`${at(80)}, ${chains}, freebind: false`),
    kind: "in-place",
  },
  {
    name: "reuse_port, which is on by default",
    before: two,
    after: listener(`${at(80)}, ${chains}, enable_reuse_port: false`),
    kind: "refused",
    fields: ["enable_reuse_port"],
  },
  { name: "a listener that goes", before: two, kind: "listener-removed" },
  { name: "a listener that comes", after: two, kind: "none" },
  {
    name: "any field of a cluster",
    before: "clusters: [{name: c}]",
    after: "clusters: [{name: c, connect_timeout: 3s}]",
    kind: "cluster-re-warmed",
    fields: ["connect_timeout"],
  },
  { name: "a cluster that goes", before: "clusters: [{name: c}]", kind: "cluster-removed" },
  { name: "an endpoint that comes", before: load(1), after: load(1, 2), kind: "in-place" },
  {
    name: "an endpoint that goes",
    before: load(1, 2),
    after: load(2),
    kind: "endpoints-drained",
    fields: ["10.0.0.1:1"],
  },
  {
    name: "routes",
    before: "routes: [{name: r}]",
    after: "routes: [{name: r, internal_only_headers: [x-a]}]",
    kind: "in-place",
  },
  { name: "a secret", before: secret("one"), after: secret("two"), kind: "new-connections" },
  {
    name: "routes that go",
    before: "routes: [{name: r}]",
    kind: "none",
  },
  {
    name: "a scope that goes",
    before:
      "{scoped_routes: [{name: s, route_configuration_name: r, key: {fragments: [{string_key: a}]}}], routes: [{name: r}]}",
    after: "routes: [{name: r}]",
    kind: "routes-removed",
  },
  {
    name: "a virtual host that goes",
    before: "virtual_hosts: [{name: r/a, domains: [a]}]",
    kind: "routes-removed",
  },
  { name: "a runtime layer that goes", before: "runtimes: [{name: r, layer: {a: 1}}]", kind: "in-place" },
  {
    name: "a runtime layer",
    before: "runtimes: [{name: r, layer: {a: 1}}]",
    after: "runtimes: [{name: r, layer: {a: 2}}]",
    kind: "in-place",
  },
];

const files = (text: string | undefined) => groupsOf({ "a.yaml": `${text ?? ""}\n` });

describe("resourceEffect()", () => {
  for (const { name, before, after, kind, fields = [] } of rows) {
    it(`${name}: ${kind}`, () => {
      const effects = compareGroups(schema, files(before), files(after)).flatMap(({ resources }) =>
        resources.map(({ effect }) => [effect.kind, effect.fields]),
      );
      assert.deepEqual(effects, [[kind, fields]]);
    });
  }
});
