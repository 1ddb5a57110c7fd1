import type { MessageTypes } from "../../src/schema/api.ts";
import type { FormatSource } from "../network/format-string.ts";
import { parseFormat } from "../network/format-string.ts";
import type { Parsed } from "../resources/parsed.ts";
import { refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect } from "../resources/support.ts";
import { parseJsonFormat } from "./json-format.ts";

/** Makes a line of an access log, its line break included where it is to have one. */
export type LineFormat = (source: FormatSource) => string;

/** What is read of a `SubstitutionFormatString`. A content type belongs to local replies, and keys are always sorted, as in Envoy. */
export const logFormatSupport: SupportTable = {
  text_format: true,
  text_format_source: { inline_string: true },
  json_format: true,
  json_format_options: { sort_properties: noEffect },
  omit_empty_values: true,
  content_type: noEffect,
};

/** Envoy's own format, for requests and for connections. */
const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Reads `log_format`: text as it is given, JSON with one line an entry, or Envoy's default where none is set. */
export function parseLogFormat(
  format: MessageTypes["envoy.config.core.v3.SubstitutionFormatString"] | null | undefined,
  path: string,
): Parsed<LineFormat> {
  const omitsEmpty = format?.omit_empty_values ?? false;
  if (format?.json_format) return parseJsonFormat(format.json_format, omitsEmpty, `${path}.json_format`);
  const text = format?.text_format_source?.inline_string ?? format?.text_format ?? defaultFormat;
  const field = format?.text_format === undefined ? "text_format_source.inline_string" : "text_format";
  const line = parseFormat(text, omitsEmpty ? "" : "-");
  if (typeof line === "function") return { value: line, problems: [] };
  return { problems: [refuse(`${path}.${field}`, line.reason)] };
}
