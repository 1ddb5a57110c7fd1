import { formatIp, parseIp } from "../base/ip-address.ts";
import type { CidrRange, FilterChainMatch } from "../schema/api.ts";
import type { Schema } from "../schema/schema.ts";

/** So many combinations and no more are compared one by one; past that a match equals only the very same match. */
const mostKeys = 10_000;

/**
 * One text for each combination of criteria that a match stands for. Two chains of which any combination is equal
 * collide: Envoy refuses the listener ("multiple filter chains with overlapping matching rules").
 */
export function chainMatchKeys(schema: Schema, match: FilterChainMatch): readonly string[] {
  const criteria: readonly (readonly string[])[] = [
    [String(match.destination_port?.value ?? "")],
    match.prefix_ranges?.map(rangeText) ?? [],
    match.server_names?.map((name) => name.toLowerCase()) ?? [],
    [match.transport_protocol ?? ""],
    match.application_protocols ?? [],
    match.direct_source_prefix_ranges?.map(rangeText) ?? [],
    [match.source_type ?? ""],
    match.source_prefix_ranges?.map(rangeText) ?? [],
    match.source_ports?.map(String) ?? [],
  ];
  const combinations = criteria.reduce((product, values) => product * Math.max(1, values.length), 1);
  if (combinations > mostKeys) {
    return [schema.encode("envoy.config.listener.v3.FilterChainMatch", { ...match }).toString("base64")];
  }
  return criteria.reduce<readonly string[]>(
    (keys, values) => {
      const choices = values.length > 0 ? values : [""];
      return keys.flatMap((key) => choices.map((value) => `${key}|${value}`));
    },
    [""],
  );
}

/** Ranges are equal when the part of the address that counts is: 10.0.0.0/8 is 10.1.0.0/8. */
function rangeText({ address_prefix: address = "", prefix_len: length }: CidrRange): string {
  const bits = length?.value ?? 0;
  const bytes = parseIp(address);
  if (!bytes) return `${address}/${bits}`;
  const masked = bytes.map((byte, index) => byte & (0xff << Math.max(0, 8 - Math.max(0, bits - index * 8))));
  return `${formatIp(masked)}/${bits}`;
}
