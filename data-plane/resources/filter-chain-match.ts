import type { Problem } from "../../src/base/problem.ts";
import type { FilterChainMatch as FilterChainMatchMessage } from "../../src/schema/api.ts";
import type { CidrRange } from "../network/cidr-range.ts";
import { cidrRange } from "../network/cidr-range.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { oneOf, unsupportedFields } from "./support.ts";
import { wrapped } from "./values.ts";

/** `FilterChainMatch.ConnectionSourceType`. */
type SourceType = "ANY" | "SAME_IP_OR_LOOPBACK" | "EXTERNAL";

/** When a filter chain applies. An empty list or an absent value matches everything. */
export interface FilterChainMatch {
  readonly destinationPort?: number;
  readonly prefixRanges: readonly CidrRange[];
  /** In lower case; `.example.com` for `*.example.com`. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: SourceType;
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

/** Matches every connection. */
export const matchesAll: FilterChainMatch = {
  prefixRanges: [],
  serverNames: [],
  transportProtocol: "",
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: "ANY",
  sourcePrefixRanges: [],
  sourcePorts: [],
};

const range = { address_prefix: true, prefix_len: true } as const;

const support: SupportTable = {
  destination_port: true,
  prefix_ranges: range,
  direct_source_prefix_ranges: range,
  source_type: oneOf("ANY", "SAME_IP_OR_LOOPBACK", "EXTERNAL"),
  source_prefix_ranges: range,
  source_ports: true,
  server_names: true,
  transport_protocol: true,
  application_protocols: true,
};

/** `envoy.config.listener.v3.FilterChainMatch`. */
export function parseFilterChainMatch(
  match: FilterChainMatchMessage | null | undefined,
  path: string,
): Parsed<FilterChainMatch> {
  if (!match) return { value: matchesAll, problems: [] };
  const problems: Problem[] = [...unsupportedFields(match, support, path)];
  const rangesOf = (field: "prefix_ranges" | "direct_source_prefix_ranges" | "source_prefix_ranges") =>
    (match[field] ?? []).flatMap(({ address_prefix: prefix = "", prefix_len: length }, index) => {
      const found = cidrRange(prefix, wrapped(length, 0, 0));
      if (!found) problems.push(refuse(`${path}.${field}[${index}]`, `malformed IP address: ${prefix}`));
      return found ? [found] : [];
    });
  const sourceType = match.source_type;
  return parsed(
    {
      ...(match.destination_port && { destinationPort: wrapped(match.destination_port, 0, 0) }),
      prefixRanges: rangesOf("prefix_ranges"),
      serverNames: (match.server_names ?? []).map((name, index) => {
        if (isPartialWildcard(name)) {
          problems.push(
            refuse(`${path}.server_names[${index}]`, 'partial wildcards are not supported in "server_names"'),
          );
        }
        return (name.startsWith("*.") ? name.slice(1) : name).toLowerCase();
      }),
      transportProtocol: match.transport_protocol ?? "",
      applicationProtocols: match.application_protocols ?? [],
      directSourcePrefixRanges: rangesOf("direct_source_prefix_ranges"),
      sourceType: sourceType === "SAME_IP_OR_LOOPBACK" || sourceType === "EXTERNAL" ? sourceType : "ANY",
      sourcePrefixRanges: rangesOf("source_prefix_ranges"),
      sourcePorts: match.source_ports ?? [],
    },
    problems,
  );
}

/** Envoy looks at the beginning only: what stands behind `*.` may be anything. */
function isPartialWildcard(name: string): boolean {
  return name.includes("*") && !name.startsWith("*.");
}
