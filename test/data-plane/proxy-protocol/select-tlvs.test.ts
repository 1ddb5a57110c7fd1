import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tlv } from "../../../data-plane/proxy-protocol/header.ts";
import { mergeTlvs, passedTlvs, upstreamTlvs } from "../../../data-plane/proxy-protocol/select-tlvs.ts";

/** `1a` is a TLV of type 1 with the value `a`. */
const tlvs = (...words: string[]): Tlv[] =>
  words.map((word) => ({ type: Number.parseInt(word, 10), value: Buffer.from(word.replace(/^\d+/, "")) }));
const words = (list: readonly Tlv[]): string[] =>
  list.map((tlv) => `${tlv.type}${Buffer.from(tlv.value).toString()}`);

describe("passedTlvs()", () => {
  const received = tlvs("3a", "1b", "3c", "2d");
  it("passes none without pass_through_tlvs (PP-40)", () =>
    assert.deepEqual(passedTlvs(received, undefined), []));
  it("passes listed types in order of arrival, repeated ones too (PP-40, PP-42)", () => {
    assert.deepEqual(words(passedTlvs(received, { matchType: "INCLUDE", tlvType: [2, 3] })), [
      "3a",
      "3c",
      "2d",
    ]);
    assert.deepEqual(passedTlvs(received, { matchType: "INCLUDE", tlvType: [] }), []);
  });
  it("passes all with INCLUDE_ALL, whatever is listed (PP-41)", () => {
    assert.deepEqual(passedTlvs(received, { matchType: "INCLUDE_ALL", tlvType: [1] }), received);
  });
});

describe("upstreamTlvs()", () => {
  const levels = {
    host: tlvs("1h", "1i"),
    added: tlvs("2a", "1a", "2b"),
    passed: tlvs("3p", "2p", "1p", "3q"),
  };
  it("writes host, added and passed TLVs; a higher level's type drops it below (PP-100 to PP-102)", () => {
    assert.deepEqual(words(upstreamTlvs({ ...levels, allowDuplicates: true })), [
      "1h",
      "1i",
      "2a",
      "2b",
      "3p",
      "3q",
    ]);
  });
  it("writes the first of each type when duplicates are off (PP-102)", () => {
    assert.deepEqual(words(upstreamTlvs({ ...levels, allowDuplicates: false })), ["1h", "2a", "3p"]);
  });
});

describe("mergeTlvs()", () => {
  const received = tlvs("1r", "2r");
  const own = tlvs("2o", "3o");
  const table = [
    ["ADD_IF_ABSENT", ["1r", "2r"], "PP-108"],
    ["OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD", ["2o", "3o", "1r"], "PP-109"],
    ["APPEND_IF_EXISTS_OR_ADD", ["1r", "2r", "2o", "3o"], "PP-110"],
  ] as const;
  for (const [policy, expected, rule] of table) {
    it(`${policy} (${rule})`, () => assert.deepEqual(words(mergeTlvs(policy, received, own)), expected));
    it(`${policy} takes its own when no header was read`, () => {
      assert.deepEqual(mergeTlvs(policy, undefined, own), own);
    });
  }
  it("ignores its own with ADD_IF_ABSENT when a header without TLVs was read (PP-108)", () => {
    assert.deepEqual(mergeTlvs("ADD_IF_ABSENT", [], own), []);
  });
});
