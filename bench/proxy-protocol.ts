import { decodeHeader } from "../data-plane/proxy-protocol/decode-header.ts";
import { encodeV1, encodeV2 } from "../data-plane/proxy-protocol/encode-header.ts";
import type { ProxyAddresses } from "../data-plane/proxy-protocol/header.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";

const ipv4: ProxyAddresses = {
  source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
  destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
};
const ipv6: ProxyAddresses = {
  source: { address: "2001:db8::9", port: 40001, family: "IPv6" },
  destination: { address: "2001:db8:1::7", port: 8443, family: "IPv6" },
};
const tlvs = [
  { type: 0x01, value: Buffer.from("h2") },
  { type: 0xea, value: Buffer.from("\x01vpce-08d2bf15fac5001c9") },
];
const policy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] };
const CALLS = 1_000_000;

interface Case {
  readonly name: string;
  readonly run: () => number;
  /** Nanoseconds a call; the promises about parsing that the design makes. */
  readonly limit?: number;
}

function reading(name: string, header: Buffer, limit?: number): Case {
  const bytes = Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")]);
  const run = (): number => {
    const verdict = decodeHeader(bytes, policy);
    // Used, so that the call cannot be optimised away.
    return verdict.kind === "accept" ? verdict.consumed : Number.NaN;
  };
  return { name, run, ...(limit !== undefined && { limit }) };
}

const cases: readonly Case[] = [
  reading("read V1 over IPv4", encodeV1(ipv4), 1000),
  reading("read V1 over IPv6", encodeV1(ipv6), 1000),
  reading("read V2 over IPv4", encodeV2(ipv4, []).bytes, 500),
  reading("read V2 over IPv6", encodeV2(ipv6, []).bytes, 500),
  reading("read V2 with two TLVs", encodeV2(ipv4, tlvs).bytes),
  { name: "write V1 over IPv4", run: () => encodeV1(ipv4).length },
  { name: "write V2 over IPv4", run: () => encodeV2(ipv4, []).bytes.length },
  { name: "write V2 over IPv6", run: () => encodeV2(ipv6, []).bytes.length },
];

export const proxyProtocolMarks: readonly Mark[] = cases
  .filter((it) => it.limit !== undefined)
  .map(({ name }) => ({
    scenario: name,
    metric: "time a header",
    ours: "chancery",
    theirs: "limit",
    bound: { atMost: 1 },
  }));

/** Times reading and writing of single headers, after one round that warms the code up. */
export async function runProxyProtocol(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  return cases.flatMap(({ name, run, limit }) => {
    time(run);
    const nanoseconds = Array.from({ length: rounds }, () => time(run));
    log(`${name}: ${nanoseconds.map((value) => value.toFixed(0)).join(", ")} ns`);
    const figure = { scenario: name, metric: "time a header", unit: "ns" };
    const ours = { ...figure, contestant: "chancery", value: median(nanoseconds), rounds: nanoseconds };
    return limit === undefined
      ? [ours]
      : [ours, { ...figure, contestant: "limit", value: limit, rounds: [] }];
  });
}

function time(run: () => number): number {
  let sum = 0;
  const startedAt = process.hrtime.bigint();
  for (let call = 0; call < CALLS; call += 1) sum += run();
  const nanoseconds = Number(process.hrtime.bigint() - startedAt) / CALLS;
  if (Number.isNaN(sum)) throw new Error("a header of the benchmark is refused");
  return nanoseconds;
}
