import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDownstreamLimit } from "../../../data-plane/bootstrap/overload.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";

const OVERLOAD = "envoy.config.overload.v3.OverloadManager";
const CONNECTIONS =
  "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
const HEAP = "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig";

const parse = (yaml: string, runtime: Readonly<Record<string, number>> = {}) =>
  parseDownstreamLimit(asType(OVERLOAD, message(OVERLOAD, yaml)), parseContext(runtime), "overload_manager");
const monitor = (type: string, fields: string) =>
  `{resource_monitors: [{name: m, typed_config: {"@type": ${type}, ${fields}}}]}`;

describe("parseDownstreamLimit()", () => {
  it("takes the resource monitor of connections", () => {
    const limit = valueOf(parse(monitor(CONNECTIONS, "max_active_downstream_connections: 5")));
    assert.deepEqual([limit?.max(), limit?.countsAll], [5, false]);
  });

  it("takes the older runtime key, which counts every connection", () => {
    const limit = valueOf(parse("{}", { "overload.global_downstream_max_connections": 7 }));
    assert.deepEqual([limit?.max(), limit?.countsAll], [7, true]);
  });

  it("refuses other monitors by name", () => {
    assert.deepEqual(problemsOf(parse(monitor(HEAP, "max_heap_size_bytes: 5"))), [
      "overload_manager.resource_monitors[0]: Didn't find a registered implementation for 'm' with type URL: 'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig' (not supported by the bundled data plane)",
    ]);
  });

  it("needs at least one connection", () => {
    const [problem] = problemsOf(parse(monitor(CONNECTIONS, "max_active_downstream_connections: 0")));
    assert.match(problem ?? "", /max_active_downstream_connections/);
  });
});
