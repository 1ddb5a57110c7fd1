import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DumpItem } from "../../../src/cli/config/config-dump.ts";
import { liftDump } from "../../../src/cli/import/lift-dump.ts";

const extension = {
  type: "envoy.config.core.v3.TypedExtensionConfig",
  name: "limit",
  state: "active",
} as const;
const bootstrap: DumpItem = {
  type: "envoy.config.bootstrap.v3.Bootstrap",
  name: "",
  state: "static",
  resource: { node: { id: "a", cluster: "edge" }, admin: {} },
};

const assignment = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const endpoints = (health: string) => ({
  cluster_name: "web",
  endpoints: [{ locality: {}, load_balancing_weight: 0, lb_endpoints: [{ health_status: health }] }],
});

describe("liftDump()", () => {
  it("takes a resource that several places use once, and both where they differ", () => {
    const same: DumpItem = { ...extension, resource: { "@type": "x/y", name: "limit" } };
    const other: DumpItem = { ...extension, resource: { "@type": "x/y", name: "limit", disabled: true } };
    const { resources, notes, node } = liftDump([bootstrap, same, same, other]);
    assert.deepEqual(
      resources.map(({ fields }) => fields),
      [{ name: "limit" }, { name: "limit", disabled: true }],
    );
    assert.deepEqual(node, { id: "a", cluster: "edge" });
    assert.deepEqual(notes, ["admin of the bootstrap cannot be served and stay there"]);
  });

  it("leaves out what is not in use, and what Envoy found out of endpoints", () => {
    const items: readonly DumpItem[] = [
      { type: "envoy.config.listener.v3.Listener", name: "in", state: "warming", resource: { name: "in" } },
      { type: assignment, name: "web", state: "active", resource: endpoints("UNHEALTHY") },
      { type: assignment, name: "web", state: "active", resource: endpoints("DRAINING") },
    ];
    const { resources, notes } = liftDump(items);
    assert.deepEqual(
      resources.map(({ fields }) => fields["endpoints"]),
      [
        [{ locality: {}, lb_endpoints: [{}] }],
        [{ locality: {}, lb_endpoints: [{ health_status: "DRAINING" }] }],
      ],
    );
    assert.deepEqual(notes, [
      "the dump has no bootstrap, so static resources are missing: ask for all of /config_dump",
      "envoy.config.listener.v3.Listener in is left out: it is warming",
    ]);
  });
});
