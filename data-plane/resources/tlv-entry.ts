import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Format, FormatSource } from "../network/format-string.ts";
import { parseFormat } from "../network/format-string.ts";
import type { Tlv } from "../proxy-protocol/header.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";

/** `envoy.config.core.v3.TlvEntry`: a TLV with a fixed or a computed value. */
export type TlvSource =
  | { readonly kind: "static"; readonly tlv: Tlv }
  | { readonly kind: "format"; readonly type: number; readonly format: Format };

/** Fields of a TlvEntry that mean something here. */
export const tlvEntrySupport: SupportTable = {
  type: true,
  value: true,
  format_string: { text_format_source: { inline_string: true } },
};

/** The entries of `added_tlvs` or `proxy_protocol_tlvs` (PP-132, PP-133). */
export function parseTlvEntries(
  entries: readonly MessageTypes["envoy.config.core.v3.TlvEntry"][] | undefined,
  path: string,
): Parsed<readonly TlvSource[]> {
  const problems: Problem[] = [];
  const sources = (entries ?? []).flatMap((entry, index) => {
    const source = parseEntry(entry);
    if (!("reason" in source)) return [source];
    problems.push(refuse(`${path}[${index}]`, source.reason));
    return [];
  });
  return parsed(sources, problems);
}

function parseEntry(
  entry: MessageTypes["envoy.config.core.v3.TlvEntry"],
): TlvSource | { readonly reason: string } {
  const type = entry.type ?? 0;
  const value = entry.value?.length ? entry.value : undefined;
  const formatString = entry.format_string;
  if (value && formatString) return { reason: "only one of 'value' or 'format_string' may be set" };
  if (value) return { kind: "static", tlv: { type, value } };
  if (!formatString) return { reason: "one of 'value' or 'format_string' must be set" };
  const format = parseFormat(formatString.text_format_source?.inline_string ?? "");
  if (typeof format === "function") return { kind: "format", type, format };
  return { reason: `Failed to parse TLV format string: ${format.reason}` };
}

/**
 * The TLVs for one connection, static ones first (PP-104). `hasFormats` false leaves computed values empty, as Envoy does with
 * its runtime feature off.
 */
export function tlvsOf(
  sources: readonly TlvSource[],
  source: FormatSource,
  hasFormats = true,
): readonly Tlv[] {
  const fixed = sources.flatMap((entry) => (entry.kind === "static" ? [entry.tlv] : []));
  const computed = sources.flatMap((entry) =>
    entry.kind === "format"
      ? [{ type: entry.type, value: Buffer.from(hasFormats ? entry.format(source) : "") }]
      : [],
  );
  return computed.length === 0 ? fixed : [...fixed, ...computed];
}
