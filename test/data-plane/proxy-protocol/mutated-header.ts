import * as fc from "fast-check";
import { encodeV1, encodeV2 } from "../../../data-plane/proxy-protocol/encode-header.ts";
import type { ProxyAddresses } from "../../../data-plane/proxy-protocol/header.ts";

const ipv4: ProxyAddresses = {
  source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
  destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
};
const ipv6: ProxyAddresses = {
  source: { address: "2001:db8::9", port: 40001, family: "IPv6" },
  destination: { address: "::ffff:198.51.100.7", port: 8443, family: "IPv6" },
};
const tlvs = [
  { type: 1, value: Buffer.from("h2") },
  { type: 0xea, value: Buffer.from("vpce-1") },
];

const header = fc.constantFrom(
  encodeV1(ipv4),
  encodeV1(ipv6),
  encodeV1(),
  encodeV2(ipv4, []).bytes,
  encodeV2(ipv4, tlvs).bytes,
  encodeV2(ipv6, tlvs).bytes,
  encodeV2(undefined, []).bytes,
);
/** Bytes that mean something in one of the versions come more often. */
const byte = fc.oneof(fc.constantFrom(...Buffer.from(" \r\n\t+:.0129f/PU\0")), fc.nat(255));
const edit = fc.record({
  kind: fc.constantFrom("replace", "insert", "remove", "cut", "repeat"),
  at: fc.nat(),
  byte,
});

/** A right header in which a few bytes have been changed, with some payload behind it. */
export const mutatedHeader: fc.Arbitrary<Buffer> = fc
  .tuple(header, fc.array(edit, { maxLength: 3 }), fc.constantFrom("", "hello", "GET / HTTP/1.1\r\n\r\n"))
  .map(([bytes, edits, payload]) => {
    let mutated = Buffer.concat([bytes, Buffer.from(payload)]);
    for (const { kind, at, byte } of edits) {
      const index = at % (mutated.length + 1);
      const before = mutated.subarray(0, index);
      const after = mutated.subarray(kind === "replace" || kind === "remove" ? index + 1 : index);
      if (kind === "cut") mutated = before;
      else if (kind === "repeat")
        mutated = Buffer.concat([before, mutated.subarray(index, index + 12), after]);
      else mutated = Buffer.concat([before, Buffer.from(kind === "remove" ? [] : [byte]), after]);
    }
    return mutated;
  });
