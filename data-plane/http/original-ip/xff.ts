import { socketAddress } from "../../../src/base/ip-address.ts";
import type { Address } from "../../network/address.ts";
import type { CidrRange } from "../../network/cidr-range.ts";
import { cidrRange, isInRange } from "../../network/cidr-range.ts";
import type { Extension, OriginalIp, OriginalIpDetection } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import { unsupportedFields } from "../../resources/support.ts";
import { wrapped } from "../../resources/values.ts";
import { lastXffAddress } from "./last-xff-address.ts";

const typeName = "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig";

const support = {
  xff_num_trusted_hops: true,
  xff_trusted_cidrs: { cidrs: { address_prefix: true, prefix_len: true } },
  skip_xff_append: true,
} as const;

/** `envoy.http.original_ip_detection.xff`: the address that `x-forwarded-for` tells (PP-73, PP-74). */
export const xffDetection: Extension<OriginalIpDetection> = {
  typeName,
  parse(message, _context, path) {
    const config = asType(typeName, message);
    const problems = [...unsupportedFields(message, support, path)];
    const hops = config.xff_num_trusted_hops ?? 0;
    if (config.xff_trusted_cidrs && hops > 0) {
      problems.push(refuse(path, "Cannot set both xff_num_trusted_hops and xff_trusted_cidrs"));
    }
    const ranges = (config.xff_trusted_cidrs?.cidrs ?? []).flatMap((cidr, index) => {
      const range = cidrRange(cidr.address_prefix ?? "", wrapped(cidr.prefix_len, 0, 0));
      if (!range) problems.push(refuse(`${path}.xff_trusted_cidrs.cidrs[${index}]`, "malformed IP address"));
      return range ?? [];
    });
    const skipsAppend = wrapped(config.skip_xff_append, false, true);
    const detection: OriginalIpDetection = config.xff_trusted_cidrs
      ? {
          detect: (headers, remote) => firstUntrusted(headers.get("x-forwarded-for"), remote, ranges),
          appendsXff: (remote) => !skipsAppend || !isTrusted(remote, ranges),
        }
      : {
          detect: (headers) => detected(headers.get("x-forwarded-for"), hops),
          appendsXff: () => !skipsAppend,
        };
    return parsed(() => detection, problems);
  },
};

const unknown: OriginalIp = { kind: "unknown" };

/** What the connection manager itself does when no extension is configured, and this one without trusted ranges. */
export function detected(header: string | undefined, hops: number): OriginalIp {
  const found = lastXffAddress(header, hops);
  return found ? { kind: "detected", address: found.address, isTrusted: found.isOnly } : unknown;
}

/** From the right, past all trusted ones; the leftmost if all are trusted. */
function firstUntrusted(
  header: string | undefined,
  remote: Address,
  ranges: readonly CidrRange[],
): OriginalIp {
  if (header === undefined || !isTrusted(remote, ranges)) return unknown;
  const entries = header.split(",");
  let last: Address | undefined;
  for (const entry of entries.toReversed()) {
    const address = socketAddress(entry.trim(), 0);
    if (!address) return unknown;
    last = address;
    if (!isTrusted(address, ranges)) break;
  }
  return last ? { kind: "detected", address: last, isTrusted: entries.length === 1 } : unknown;
}

function isTrusted(address: Address, ranges: readonly CidrRange[]): boolean {
  return ranges.some((range) => isInRange(range, address));
}
