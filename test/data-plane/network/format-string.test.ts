import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import type { FormatSource } from "../../../data-plane/network/format-string.ts";
import { parseFormat } from "../../../data-plane/network/format-string.ts";

function source(): FormatSource {
  const connection = new ConnectionInfo(7, socketAddress("10.0.0.1", 1111)!, socketAddress("10.0.0.2", 80)!);
  connection.remote = socketAddress("2001:db8::9", 40000)!;
  connection.restoreLocal(socketAddress("2001:db8::1", 443)!);
  connection.addMetadata("ns", "b", "text");
  connection.addMetadata("ns", "a", { deep: ["x", 1] });
  const values = new Map([["k", "v"]]);
  connection.setFilterState("state", { serialize: () => undefined, field: (name) => values.get(name) });
  const metadata = { filter: new Map([["h", { k: true }]]), typed: new Map() };
  const upstreamHost = { address: socketAddress("192.0.2.1", 8080)!, hostname: "up", metadata };
  return { connection, upstreamHost, hostname: "edge" };
}

describe("parseFormat()", () => {
  const rows: readonly (readonly [format: string, text: string])[] = [
    ["plain", "plain"],
    ["100%%", "100%"],
    ["%DOWNSTREAM_REMOTE_ADDRESS%", "[2001:db8::9]:40000"],
    ["%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_REMOTE_PORT%", "2001:db8::9|40000"],
    ["%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "10.0.0.1:1111"],
    ["%DOWNSTREAM_LOCAL_ADDRESS%", "[2001:db8::1]:443"],
    ["%DOWNSTREAM_DIRECT_LOCAL_ADDRESS%", "10.0.0.2:80"],
    ["%CONNECTION_ID% on %HOSTNAME%", "7 on edge"],
    ["%UPSTREAM_HOST%", "192.0.2.1:8080"],
    ["%UPSTREAM_METADATA(h:k)%", "true"],
    ["%DYNAMIC_METADATA(ns:b)%", "text"],
    ["%DYNAMIC_METADATA(ns:b):2%", "te"],
    ["%DYNAMIC_METADATA(ns:a:deep)%", '["x",1]'],
    ["%DYNAMIC_METADATA(ns)%", '{"a":{"deep":["x",1]},"b":"text"}'],
    ["%DYNAMIC_METADATA(ns:none)%|%DYNAMIC_METADATA(none)%", "-|-"],
    ["%FILTER_STATE(state:FIELD:k)%|%FILTER_STATE(state)%|%FILTER_STATE(none)%", "v|-|-"],
    ["%REQ(x-y)%|%UPSTREAM_CLUSTER%", "-|-"],
  ];
  for (const [format, text] of rows) {
    it(`${format} reads ${text}`, () => {
      const parsed = parseFormat(format);
      assert.ok(typeof parsed === "function");
      assert.equal(parsed(source()), text);
    });
  }

  it("names an operator that is not known (PP-133)", () => {
    assert.deepEqual(parseFormat("a %NOPE% b"), { reason: "Not supported field in StreamInfo: NOPE" });
  });

  const refusals: readonly (readonly [format: string, reason: string])[] = [
    ["%BYTES_RETRANSMITTED%", "%BYTES_RETRANSMITTED% is not supported by the bundled data plane"],
    ["%REQ_WITHOUT_QUERY(x)%", "Not supported field in StreamInfo: REQ_WITHOUT_QUERY"],
    ["%ENVIRONMENT%", "ENVIRONMENT requires parameters"],
    ["%REQ%", "REQ requires parameters"],
    ["%REQ(a?b?c)%", "More than 1 alternative header specified in token: a?b?c"],
    ["%REQ(a b)%", "Invalid header configuration. Format string contains invalid characters."],
    ["%DURATION(a)%", "DURATION does not take any parameters or length"],
    ["%START_TIME:3%", "START_TIME does not allow length to be specified."],
    ["%START_TIME(%n)%", "Invalid header configuration. Format string contains newline."],
    ["%START_TIME(%U)%", "%U of a time format is not known to the bundled data plane"],
    ["%FILTER_STATE%", "Invalid filter state configuration, key cannot be empty."],
    ["%FILTER_STATE(a:NOPE)%", "Invalid filter state serialize type, only support PLAIN/TYPED/FIELD."],
    [
      "%FILTER_STATE(a:PLAIN:b)%",
      "Invalid filter state serialize type, FIELD should be used with the field name.",
    ],
    ["%PATH(XX)%", "Invalid PATH option: 'XX', only 'WQ'/'NQ' are allowed"],
    ["%GRPC_STATUS(X)%", "GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: X"],
  ];
  for (const [format, reason] of refusals) {
    it(`refuses ${format} in Envoy's words`, () => {
      assert.deepEqual(parseFormat(format), { reason });
    });
  }

  it("shows where an operator is broken", () => {
    assert.deepEqual(parseFormat("a %HOST"), {
      reason: "Incorrect configuration: a %HOST. Couldn't find valid command at position 2",
    });
  });
});
