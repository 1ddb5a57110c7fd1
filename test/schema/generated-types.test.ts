import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { MessageTypes, ProxyProtocolUpstreamTransport, TlvEntry } from "../../src/schema/api.ts";
import { loadDescriptors } from "../../src/schema/load.ts";

const api = join(
  dirname(fileURLToPath(import.meta.resolve("#root/package.json"))),
  "src/schema/generated/api",
);

/** The file of the outermost message, and the body of the interface for the decoded form. */
function interfaceOf(name: string): string {
  const parts = name.split(".");
  for (let top = 1; top <= parts.length; top++) {
    const file = join(api, `${parts.slice(0, top).join("/")}.ts`);
    if (!existsSync(file)) continue;
    const exported = top === parts.length ? parts.at(-1) : `_${parts.join("_")}`;
    const text = readFileSync(file, "utf8");
    const start = text.indexOf(`export interface ${exported}__Output {`);
    return start < 0 ? "" : text.slice(start, text.indexOf("\n}", start));
  }
  return "";
}

describe("the generated types", () => {
  it("have every field of every message in the bundle", () => {
    const lacking = [...loadDescriptors().messages.values()].flatMap(({ name, fields }) => {
      const body = interfaceOf(name);
      return fields
        .filter((field) => !body.includes(`\n  '${field.name}'?: `))
        .map((field) => `${name}.${field.name}`);
    });
    assert.deepEqual(lacking, []);
  });

  it("describe the in-memory form: enums as names, bytes as buffers, 64-bit numbers as strings", () => {
    const tlv: TlvEntry = { type: 0xe0, format_string: { text_format_source: { inline_string: "%ID%" } } };
    const socket: ProxyProtocolUpstreamTransport = {
      config: {
        version: "V2",
        pass_through_tlvs: { match_type: "INCLUDE", tlv_type: [1, 2] },
        added_tlvs: [tlv, { type: 0xe1, value: Buffer.from("a") }],
      },
      tlv_as_pool_key: true,
      transport_socket: { name: "raw_buffer", typed_config: { type_url: "a/b", value: Buffer.alloc(0) } },
    };
    const duration: MessageTypes["google.protobuf.Duration"] = { seconds: "1", nanos: 5 };
    assert.equal(socket.config?.added_tlvs?.[0], tlv);
    assert.equal(duration.seconds, "1");
  });
});
