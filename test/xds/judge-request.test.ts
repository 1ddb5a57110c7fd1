import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  judgeDelta,
  judgeSotw,
  type Answer,
  type Exchange,
  type Verdict,
} from "../../src/xds/judge-request.ts";

const waiting: Exchange = { lastNonce: "2", unacked: [{ nonce: "2", version: "v2" }], ackedVersion: "v1" };
const settled: Exchange = { lastNonce: "2", unacked: [], ackedVersion: "v2" };
const refused: Exchange = { lastNonce: "2", unacked: [], ackedVersion: "v1", refusedNonce: "2" };

function answer(nonce: string, version = "", isRefusal = false): Answer {
  return { nonce, version, isRefusal };
}

describe("judgeSotw()", () => {
  const rows: readonly (readonly [string, Answer, Exchange, Verdict])[] = [
    ["a first request", answer(""), { unacked: [] }, "request"],
    ["XDS-41 a nonce of an earlier stream", answer("9", "v1"), { unacked: [] }, "request"],
    ["XDS-44 a request that came before it saw an answer", answer(""), waiting, "request"],
    ["XDS-37 an ACK", answer("2", "v2"), waiting, "ack"],
    ["XDS-48 a refusal", answer("2", "v1", true), waiting, "nack"],
    ["XDS-48 a refusal of the first response", answer("2", "", true), waiting, "nack"],
    ["XDS-49 another version and no error", answer("2", "v1"), waiting, "settled"],
    ["XDS-39 an older nonce", answer("1", "v1"), waiting, "stale"],
    ["XDS-39 an older nonce, were it a refusal", answer("1", "v1", true), waiting, "stale"],
    ["XDS-43 the latest nonce and version once more", answer("2", "v2"), settled, "repeat"],
    ["XDS-49 the latest nonce with another version once more", answer("2", "v1"), settled, "spent"],
    ["a refusal of what was accepted", answer("2", "v1", true), settled, "nack"],
    ["XDS-59 a refusal once more", answer("2", "v1", true), refused, "nackAgain"],
    ["XDS-50 the version before it, after a refusal", answer("2", "v1"), refused, "spent"],
  ];
  for (const [name, said, exchange, verdict] of rows) {
    it(name, () => assert.equal(judgeSotw(said, exchange), verdict));
  }
});

describe("judgeDelta()", () => {
  const two: Exchange = {
    lastNonce: "3",
    unacked: [
      { nonce: "2", version: "v2" },
      { nonce: "3", version: "v3" },
    ],
  };
  const rows: readonly (readonly [string, Answer, Exchange, Verdict])[] = [
    ["a first request", { nonce: "", isRefusal: false }, { unacked: [] }, "request"],
    ["a nonce of an earlier stream", { nonce: "9", isRefusal: false }, { unacked: [] }, "request"],
    ["XDS-76 a request without a nonce", { nonce: "", isRefusal: false }, two, "request"],
    ["an ACK of the last response", { nonce: "3", isRefusal: false }, two, "ack"],
    ["an ACK of the one before", { nonce: "2", isRefusal: false }, two, "ack"],
    ["a refusal of the one before", { nonce: "2", isRefusal: true }, two, "nack"],
    ["XDS-59 a refusal once more", { nonce: "2", isRefusal: true }, refused, "nackAgain"],
    ["XDS-77 another nonce", { nonce: "1", isRefusal: false }, two, "stale"],
  ];
  for (const [name, said, exchange, verdict] of rows) {
    it(name, () => assert.equal(judgeDelta(said, exchange), verdict));
  }
});
