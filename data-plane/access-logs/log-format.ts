import type { MessageTypes } from "../../src/schema/api.ts";
import type { FormatSource } from "../network/format-string.ts";
import { parseFormat } from "../network/format-string.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";

/** Makes a line of an access log, its line break included where it is to have one. */
export type LineFormat = (source: FormatSource) => string;

/** What is read of a `SubstitutionFormatString`. */
export const logFormatSupport: SupportTable = {
  text_format: true,
  text_format_source: { inline_string: true },
  json_format: true,
};

/**
 * Reads `log_format`: text as it is given, or JSON with one line an entry. An unset format is refused: Envoy's default is made
 * for requests, which this data plane does not see.
 */
export function parseLogFormat(
  format: MessageTypes["envoy.config.core.v3.SubstitutionFormatString"] | null | undefined,
  path: string,
): Parsed<LineFormat> {
  if (format?.json_format) return parseJsonFormat(format.json_format, `${path}.json_format`);
  const text = format?.text_format_source?.inline_string ?? format?.text_format;
  if (text === undefined) {
    return {
      problems: [refuse(path, "a format must be set: the default one is for HTTP", "unsupported-field")],
    };
  }
  const field = format?.text_format === undefined ? "text_format_source.inline_string" : "text_format";
  return parseText(text, `${path}.${field}`);
}

function parseText(text: string, path: string): Parsed<LineFormat> {
  const format = parseFormat(text);
  return typeof format === "function" ? { value: format, problems: [] } : refused(path, format.reason);
}

function refused(path: string, reason: string): Parsed<LineFormat> {
  return { problems: [refuse(path, `Failed to parse log format string: ${reason}`)] };
}

/** Each string of the struct is a format; what has no value is null, as in Envoy. Keys are sorted, as in Envoy. */
function parseJsonFormat(struct: MessageTypes["google.protobuf.Struct"], path: string): Parsed<LineFormat> {
  const fields: { readonly key: string; readonly text: LineFormat }[] = [];
  const problems = [];
  for (const [key, value] of Object.entries(struct.fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value.string_value === undefined) {
      problems.push(
        refuse(`${path}.${key}`, "only text is supported by the bundled data plane", "unsupported-field"),
      );
      continue;
    }
    const format = parseText(value.string_value, `${path}.${key}`);
    problems.push(...format.problems);
    if (format.value) fields.push({ key, text: format.value });
  }
  return parsed((source) => {
    const values = fields.map(({ key, text }) => [key, text(source)] as const);
    const entries = values.map(([key, value]) => [key, value === "-" ? null : value]);
    return `${JSON.stringify(Object.fromEntries(entries))}\n`;
  }, problems);
}
