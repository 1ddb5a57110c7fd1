import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { decodeHeader, type HeaderPolicy } from "../../../data-plane/proxy-protocol/decode-header.ts";
import type { HeaderVerdict } from "../../../data-plane/proxy-protocol/verdict.ts";
import { countersOf, isProtocolError } from "../../../data-plane/proxy-protocol/verdict.ts";
import type { SocketAddress } from "../../../src/base/ip-address.ts";
import { mutatedHeader } from "./mutated-header.ts";
import { vectorsOf, writesOf, type ReceiveVector } from "../../vectors/vectors.ts";

const strict: HeaderPolicy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] };

const anyPolicy = fc.record({
  allowRequestsWithoutProxyProtocol: fc.boolean(),
  disallowedVersions: fc.constantFrom<HeaderPolicy["disallowedVersions"][]>([], ["V1"], ["V2"]),
});

/** Feeds the pieces as they arrive, stops at the first verdict other than `more`, and sees that `atLeast` tells the truth. */
function decodePieces(pieces: readonly Buffer[], policy: HeaderPolicy): HeaderVerdict {
  let verdict: HeaderVerdict = { kind: "more", atLeast: 1 };
  let bytes = Buffer.alloc(0);
  for (const piece of pieces) {
    bytes = Buffer.concat([bytes, piece]);
    const next = decodeHeader(bytes, policy);
    if (verdict.kind === "more" && bytes.length < verdict.atLeast) assert.equal(next.kind, "more");
    verdict = next;
    if (verdict.kind !== "more") return verdict;
    assert.ok(verdict.atLeast > bytes.length, "atLeast lies ahead of what is there");
  }
  return verdict;
}

function oneByteAtATime(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte));
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

function policyOf(vector: ReceiveVector): HeaderPolicy {
  return {
    allowRequestsWithoutProxyProtocol: vector.config.allow_requests_without_proxy_protocol ?? false,
    disallowedVersions: vector.config.disallowed_versions ?? [],
  };
}

/** Vectors whose outcome is decided by the header alone: no timeouts, other filters or filter chains. */
function isAboutTheHeader(vector: ReceiveVector): boolean {
  const { listener_filters: filters, filter_chain_match: match, listener = {} } = vector;
  return (
    !match && !filters && !vector.half_close && Object.keys(listener).every((key) => key.startsWith("_"))
  );
}

function withoutFamily(end: SocketAddress | undefined) {
  return end ? { address: end.address, port: end.port } : null;
}

function check(vector: ReceiveVector, bytes: Buffer, verdict: HeaderVerdict): void {
  const { expect } = vector;
  const outcome = { more: "wait", accept: "accept", "pass-through": "accept", refuse: "reject" }[
    verdict.kind
  ];
  assert.equal(outcome, expect.outcome);
  const header = verdict.kind === "accept" ? verdict.header : undefined;
  assert.deepEqual(withoutFamily(header?.addresses?.source), expect.remote);
  assert.deepEqual(withoutFamily(header?.addresses?.destination), expect.local);
  const consumed = verdict.kind === "accept" ? verdict.consumed : 0;
  if (expect.payload_hex !== null) assert.equal(bytes.toString("hex", consumed), expect.payload_hex);
  const counters = Object.keys(expect.stats).filter((name) => name.startsWith("proxy_proto."));
  assert.deepEqual(
    countersOf(verdict)
      .map((name) => `proxy_proto.${name}`)
      .sort(),
    counters.map((name) => name.replace("proxy_proto.edge.", "proxy_proto.")).sort(),
  );
  assert.equal(isProtocolError(verdict), expect.stats["downstream_cx_proxy_proto_error"] === 1);
}

describe("decodeHeader() on the recorded receive vectors", () => {
  const vectors = vectorsOf("receive").filter(isAboutTheHeader);
  it("has most of them", () => assert.ok(vectors.length > 170, `${vectors.length} vectors`));

  for (const vector of vectors) {
    it(`${vector.rule} ${vector.id}: whole, byte by byte and cut at random, the same verdict`, () => {
      const bytes = Buffer.concat(writesOf(vector.input_hex));
      const policy = policyOf(vector);
      const verdict = decodePieces(writesOf(vector.input_hex), policy);
      check(vector, bytes, verdict);
      const settled = outcomeOf(verdict);
      assert.deepEqual(outcomeOf(decodePieces([bytes], policy)), settled);
      if (bytes.length <= 4096)
        assert.deepEqual(outcomeOf(decodePieces(oneByteAtATime(bytes), policy)), settled);
      const cuts = fc.array(fc.nat(), { maxLength: 6 });
      fc.assert(
        fc.property(cuts, (at) =>
          assert.deepEqual(outcomeOf(decodePieces(cutAt(bytes, at), policy)), settled),
        ),
        { numRuns: 20 },
      );
    });
  }
});

/**
 * What a person can see of a verdict. How far a wait reaches depends on the pieces, and so does the reason of a
 * line past the limit: its end may not be there yet when the limit is reached (PP-15).
 */
function outcomeOf(verdict: HeaderVerdict): unknown {
  return verdict.kind === "more" || verdict.kind === "refuse" ? verdict.kind : verdict;
}

describe("decodeHeader()", () => {
  const whole = Buffer.from("PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\nhello", "latin1");

  it("waits for the first byte, whatever the policy (PP-2, PP-44)", () => {
    assert.deepEqual(decodeHeader(Buffer.alloc(0), strict), { kind: "more", atLeast: 1 });
    const allow = { ...strict, allowRequestsWithoutProxyProtocol: true };
    assert.equal(decodeHeader(Buffer.alloc(0), allow).kind, "more");
  });

  it("does not keep a line's end in view past Envoy's read window of 232 bytes", () => {
    const late = Buffer.from(`PROXY UNKNOWN ${"x".repeat(300)}\r\n`, "latin1");
    assert.deepEqual(countersOf(decodeHeader(late, strict)), ["not_found_disallowed"]);
    const early = Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}\r\n`, "latin1");
    assert.deepEqual(countersOf(decodeHeader(early, strict)), ["versions.v1.error"]);
  });

  it("tells how much of a version 2 header is missing", () => {
    const fixed = Buffer.from("0d0a0d0a000d0a515549540a21110010", "hex");
    assert.deepEqual(decodeHeader(fixed, strict), { kind: "more", atLeast: 28 });
    const block = Buffer.concat([fixed, Buffer.from("cb007109c63364079c4001bb", "hex")]);
    assert.deepEqual(decodeHeader(block, strict), { kind: "more", atLeast: 32 });
  });

  it("refuses an IPv6 zone and text behind a NUL byte, which Envoy 1.40 lets through (section Q)", () => {
    for (const line of [
      "PROXY TCP6 fe80::1%lo 2001:db8::1 1 2\r\n",
      "PROXY TCP4 203.0.113.9\0x 198.51.100.7 1 2\r\n",
    ]) {
      const verdict = decodeHeader(Buffer.from(line, "latin1"), strict);
      assert.deepEqual(countersOf(verdict), ["versions.v1.error"]);
    }
  });

  it("names what it refuses", () => {
    const verdict = decodeHeader(Buffer.from("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "latin1"), strict);
    assert.deepEqual(verdict, {
      kind: "refuse",
      cause: "malformed",
      version: "V1",
      reason: "the line has not 6 fields",
    });
  });

  it("gives TLV values that are views of the input", () => {
    const bytes = Buffer.from("0d0a0d0a000d0a515549540a21110010cb007109c63364079c4001bbea000161", "hex");
    const verdict = decodeHeader(bytes, strict);
    assert.ok(verdict.kind === "accept");
    bytes[31] = 0x62;
    assert.deepEqual(verdict.header.tlvs, [{ type: 0xea, value: Buffer.from("b") }]);
  });

  it("never throws, and a verdict that is not a wait stays whatever follows", () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      whole.subarray(0, 20),
      whole,
      Buffer.from("0d0a0d0a000d0a515549540a", "hex"),
      Buffer.from("0d0a0d0a000d0a515549540a2111000c", "hex"),
      Buffer.from("0d0a0d0a000d0a515549540a21210030", "hex"),
      Buffer.from("0d0a0d0a000d0a515549540a20", "hex"),
    );
    const bytes = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(start, bytes, bytes, anyPolicy, (begin, middle, end, policy) => {
        const some = Buffer.concat([begin, middle]);
        const verdict = decodeHeader(some, policy);
        const later = decodeHeader(Buffer.concat([some, end]), policy);
        if (verdict.kind !== "more") assert.deepEqual(outcomeOf(later), outcomeOf(verdict));
        if (verdict.kind === "accept") assert.ok(verdict.consumed <= some.length);
        if (later.kind !== "more") return;
        assert.ok(later.atLeast > some.length + end.length);
      }),
      { numRuns: 10_000 },
    );
  });

  it("judges mutated headers alike whole and in pieces, for as long as a second allows", () => {
    let judged = 0;
    fc.assert(
      fc.property(mutatedHeader, fc.array(fc.nat(), { maxLength: 4 }), anyPolicy, (bytes, cuts, policy) => {
        judged += 1;
        const verdict = outcomeOf(decodePieces([bytes], policy));
        assert.deepEqual(outcomeOf(decodePieces(cutAt(bytes, cuts), policy)), verdict);
        assert.deepEqual(outcomeOf(decodePieces(oneByteAtATime(bytes), policy)), verdict);
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: 1000 },
    );
    assert.ok(judged > 100, `${judged} headers`);
  });
});
