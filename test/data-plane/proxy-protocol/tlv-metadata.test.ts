import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Tlv } from "../../../data-plane/proxy-protocol/header.ts";
import {
  keptTlvValues,
  sanitizedUtf8,
  type TlvRule,
} from "../../../data-plane/proxy-protocol/tlv-metadata.ts";

const tlv = (type: number, text: string): Tlv => ({ type, value: Buffer.from(text) });
const rule = (tlvType: number, key: string, metadataNamespace = ""): TlvRule => ({
  tlvType,
  onTlvPresent: { key, metadataNamespace, valueStringEncoding: "SANITIZED_UTF8" },
});

function values(tlvs: Tlv[], rules: TlvRule[], location: "DYNAMIC_METADATA" | "FILTER_STATE") {
  return keptTlvValues(tlvs, rules, location).map(({ namespace, key, value }) => [namespace, key, value]);
}

describe("keptTlvValues()", () => {
  it("stores under the rule's namespace or the filter's own (PP-81)", () => {
    assert.deepEqual(
      values(
        [tlv(1, "a"), tlv(2, "b"), tlv(3, "c")],
        [rule(1, "x"), rule(2, "y", "my.ns")],
        "DYNAMIC_METADATA",
      ),
      [
        ["envoy.filters.listener.proxy_protocol", "x", "a"],
        ["my.ns", "y", "b"],
      ],
    );
  });

  it("keeps the first value of a key in dynamic metadata (PP-84), the last in filter state (PP-87)", () => {
    const tlvs = [tlv(1, "one"), tlv(1, "two"), tlv(2, "three")];
    const rules = [rule(1, "k"), rule(2, "k")];
    assert.deepEqual(
      values(tlvs, rules, "DYNAMIC_METADATA").map(([, , value]) => value),
      ["one"],
    );
    assert.deepEqual(values(tlvs, rules, "FILTER_STATE"), [["", "k", "three"]]);
  });

  it("goes by the last of two rules for one type; one without a key stores under the empty key (PP-85)", () => {
    assert.deepEqual(values([tlv(1, "a")], [rule(1, "x"), { tlvType: 1 }], "DYNAMIC_METADATA"), [
      ["envoy.filters.listener.proxy_protocol", "", "a"],
    ]);
  });

  it("stores an empty string for an empty TLV and nothing for a missing one (PP-86)", () => {
    assert.deepEqual(values([tlv(1, "")], [rule(1, "x"), rule(2, "y")], "FILTER_STATE"), [["", "x", ""]]);
  });

  it("stores base64 on demand and always keeps the bytes (PP-83, PP-88)", () => {
    const raw = Buffer.from("61ff00c3a962", "hex");
    const key = { key: "k", metadataNamespace: "", valueStringEncoding: "BASE64" } as const;
    const [kept] = keptTlvValues(
      [{ type: 1, value: raw }],
      [{ tlvType: 1, onTlvPresent: key }],
      "FILTER_STATE",
    );
    assert.equal(kept?.value, "Yf8Aw6li");
    assert.deepEqual(kept?.raw, raw);
  });
});

describe("sanitizedUtf8()", () => {
  const cases = [
    ["61ff00c3a962", "a!\0\u00e9b"],
    ["c3", "!"],
    ["c080", "!!"],
    ["eda080", "!!!"],
    ["f0908d88", "\u{10348}"],
    ["f4908080", "!!!!"],
    ["e28261", "!!a"],
  ];
  for (const [hex, text] of cases) {
    it(`makes ${JSON.stringify(text)} of ${hex} (PP-83)`, () => {
      assert.equal(sanitizedUtf8(Buffer.from(hex!, "hex")), text);
    });
  }

  it("changes nothing that is valid and leaves nothing that is not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const text = sanitizedUtf8(bytes);
        if (isUtf8(bytes)) assert.equal(text, Buffer.from(bytes).toString("utf8"));
        else assert.ok(text.includes("!") && !text.includes("\ufffd"));
      }),
      { numRuns: 5000 },
    );
  });
});
