import type { HttpConnectionManager, MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { EntryTest } from "../access-logs/access-log-filter.ts";
import { filterSupport, parseFilter } from "../access-logs/access-log-filter.ts";
import type { LineFormat } from "../access-logs/log-format.ts";
import { logFormatSupport, parseLogFormat } from "../access-logs/log-format.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { HeaderList } from "../network/header-list.ts";
import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { ParseContext } from "../resources/extension.ts";
import type { HeaderMutation } from "../resources/header-mutation.ts";
import { headerValueOptionSupport, parseHeaderMutation } from "../resources/header-mutation.ts";
import type { SupportTable } from "../resources/support.ts";
import { wrapped } from "../resources/values.ts";

type FormatMessage = MessageTypes["envoy.config.core.v3.SubstitutionFormatString"];
type MapperMessage =
  MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.ResponseMapper"];

export const localReplySupport: SupportTable = {
  mappers: {
    filter: filterSupport,
    status_code: true,
    body: dataSourceSupport,
    body_format_override: logFormatSupport,
    headers_to_add: headerValueOptionSupport,
  },
  body_format: logFormatSupport,
};

/** What a local reply says to the client, past the configuration. */
export interface MappedReply {
  readonly status: number;
  /** One character a byte. */
  readonly body: string;
  /** Of a body that was changed; undefined: the body is as it was. */
  readonly contentType: string | undefined;
  /** Adds the mapper's headers. */
  mutate(headers: HeaderList): void;
}

/** Gives the exchange as it stands with a status and a body of its answer. */
export type ReplySource = (status: number, body: string) => FormatSource;

/** Decides what a local reply says. */
export type ReplyMapper = (
  reply: { readonly status: number; readonly body: string },
  sourceOf: ReplySource,
  random: () => number,
) => MappedReply;

/** How a body is written. */
interface BodyFormat {
  readonly contentType: string;
  readonly write: LineFormat;
}

/** One mapper: the first that passes is the only one. */
interface Mapper {
  readonly passes: EntryTest;
  readonly status: number | undefined;
  readonly body: string | undefined;
  readonly mutate: HeaderMutation | undefined;
  readonly format: BodyFormat | undefined;
}

/** `local_reply_config` of a connection manager; undefined without one: replies are sent as they are. */
export function parseLocalReplies(
  config: HttpConnectionManager["local_reply_config"],
  context: ParseContext,
  path: string,
  problems: Problem[],
): ReplyMapper | undefined {
  if (!config) return undefined;
  const mappers = (config.mappers ?? []).map((mapper, index) =>
    parseMapper(mapper, context, `${path}.mappers[${index}]`, problems),
  );
  const common = parseBodyFormat(config.body_format, `${path}.body_format`, problems);
  return ({ status: given, body: text }, sourceOf, random) => {
    const source = sourceOf(given, utf8(text));
    const mapper = mappers.find(({ passes }) => passes(source, random));
    const status = mapper?.status ?? given;
    const body = mapper?.body ?? text;
    const mapped = sourceOf(status, utf8(body));
    const format = mapper?.format ?? common;
    return {
      status,
      body: format ? latin1(format.write(mapped)) : body,
      contentType: format?.contentType ?? (body === text ? undefined : "text/plain"),
      // With the status that it was, as in Envoy.
      mutate: (headers) => mapper?.mutate?.(headers, source),
    };
  };
}

function parseMapper(
  mapper: MapperMessage,
  context: ParseContext,
  path: string,
  problems: Problem[],
): Mapper {
  const body = mapper.body ? readDataSource(mapper.body, context.local, `${path}.body`) : undefined;
  if (body) problems.push(...body.problems);
  const paths = { add: `${path}.headers_to_add`, remove: path };
  return {
    passes: parseFilter(mapper.filter ?? {}, context, `${path}.filter`, problems),
    status: mapper.status_code ? wrapped(mapper.status_code, 0, 0) : undefined,
    body: body?.value?.bytes.toString("latin1"),
    mutate: parseHeaderMutation(mapper.headers_to_add, [], paths, problems),
    format: parseBodyFormat(mapper.body_format_override, `${path}.body_format_override`, problems),
  };
}

function parseBodyFormat(
  message: FormatMessage | null | undefined,
  path: string,
  problems: Problem[],
): BodyFormat | undefined {
  if (!message) return undefined;
  const format = parseLogFormat(message, path);
  problems.push(...format.problems);
  const usual = message.json_format ? "application/json" : "text/plain";
  return format.value && { contentType: message.content_type || usual, write: format.value };
}

/** The text that bytes mean, which stand one in a character. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}

/** The bytes of a text, one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}
