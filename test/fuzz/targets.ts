import assert from "node:assert/strict";
import { detectHttp } from "../../data-plane/filters/detect-http.ts";
import { HpackDecoder } from "../../data-plane/http2/hpack-decoder.ts";
import { readClientHello } from "../../data-plane/network/client-hello.ts";
import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import { traceRequests, traceResponses } from "../data-plane/http-codec/trace.ts";
import { SessionScene } from "../data-plane/http2/session-kit.ts";
import * as seeds from "./seeds.ts";

/** Something that reads bytes of strangers. */
export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Throws when what must hold for any bytes does not. `cut`: where they may be parted, from 0 to their number. */
  run(input: Buffer, cut: number): void;
}

const policies = [
  { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] },
  { allowRequestsWithoutProxyProtocol: true, disallowedVersions: ["V1"] },
] as const;

const blockLimits = { maxHeaders: 100, maxHeadBytes: 60 * 1024, maxFieldBytes: 64 * 1024 };

export const targets: readonly FuzzTarget[] = [
  {
    name: "proxy-header",
    seeds: seeds.proxyHeaders,
    run(input, cut) {
      for (const policy of policies) {
        const whole = decodeHeader(input, policy);
        const first = decodeHeader(input.subarray(0, cut), policy);
        // What has been decided stays, whatever comes behind it (PP-7). What a refusal is counted as may hang on how much had come.
        if (first.kind === "more") assert.ok(first.atLeast > cut);
        else if (first.kind === "refuse") assert.equal(whole.kind, "refuse");
        else assert.deepEqual(whole, first);
        if (whole.kind === "accept") assert.ok(whole.consumed <= input.length);
      }
    },
  },
  {
    name: "http1-request",
    seeds: seeds.requests,
    run: (input, cut) =>
      assert.deepEqual(traceRequests([input.subarray(0, cut), input.subarray(cut)]), traceRequests([input])),
  },
  {
    name: "http1-response",
    seeds: seeds.responses,
    run: (input, cut) =>
      assert.deepEqual(
        traceResponses([input.subarray(0, cut), input.subarray(cut)]),
        traceResponses([input]),
      ),
  },
  {
    name: "client-hello",
    seeds: seeds.hellos,
    run(input, cut) {
      const whole = readClientHello(input);
      const first = readClientHello(input.subarray(0, cut));
      if (first.kind !== "more") assert.deepEqual(whole, first);
      if (whole.kind === "hello") assert.ok(whole.size <= input.length);
    },
  },
  {
    name: "http-detection",
    seeds: [...seeds.requests, ...seeds.conversations],
    run(input, cut) {
      const first = detectHttp(input.subarray(0, cut));
      if (first !== "more") assert.equal(detectHttp(input), first);
    },
  },
  {
    name: "hpack",
    seeds: seeds.headerBlocks,
    run(input) {
      const decoder = new HpackDecoder(4_096);
      for (let times = 0; times < 2; times += 1) {
        const decoded = decoder.decode(input, blockLimits);
        assert.notEqual(decoded.kind, "more");
        if (decoded.kind === "headers") assert.ok(decoded.flat.length <= 2 * blockLimits.maxHeaders);
        if (decoded.kind === "broken") return;
      }
    },
  },
  {
    name: "http2-server",
    seeds: seeds.conversations,
    run(input, cut) {
      const whole = requestsOf(input);
      const cutUp = requestsOf(input.subarray(0, cut), input.subarray(cut));
      // How much waits to be sent hangs on the turns in which it came.
      const isFlooded = [whole, cutUp].some(({ failure }) => failure?.kind === "flood");
      if (!isFlooded) assert.deepEqual(cutUp, whole);
    },
  },
];

function requestsOf(...pieces: readonly Buffer[]) {
  const scene = new SessionScene("server");
  for (const piece of pieces) scene.hear(piece);
  return { heads: scene.requests.map(({ head }) => head), failure: scene.failure };
}
