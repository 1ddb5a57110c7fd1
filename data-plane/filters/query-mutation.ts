import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { FormatSource } from "../network/format-string.ts";
import { parseFormat } from "../network/format-string.ts";
import { refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { notSupported, oneOf } from "../resources/support.ts";

type Mutation = MessageTypes["envoy.config.core.v3.KeyValueMutation"];

export const queryMutationSupport: SupportTable = {
  append: {
    record: { key: true, value: true },
    action: oneOf(
      "APPEND_IF_EXISTS_OR_ADD",
      "ADD_IF_ABSENT",
      "OVERWRITE_IF_EXISTS_OR_ADD",
      "OVERWRITE_IF_EXISTS",
    ),
  },
  remove: true,
};

/** Values by decoded name. */
type Query = Map<string, string[]>;

/** Changes query parameters; what formats read comes from the source. */
export type QueryChange = (query: Query, source: FormatSource) => void;

/** `query_parameter_mutations`. */
export function parseQueryMutations(
  mutations: readonly Mutation[] | undefined,
  path: string,
  problems: Problem[],
): readonly QueryChange[] {
  return (mutations ?? []).map((mutation, index) => parseMutation(mutation, `${path}[${index}]`, problems));
}

/**
 * The path with its query changed, in Envoy's form: names in the order of the alphabet, what was encoded before decoded, and values of
 * the configuration encoded.
 */
export function changeQuery(path: string, changes: readonly QueryChange[], source: FormatSource): string {
  const at = path.indexOf("?");
  const query: Query = new Map();
  const parts = at < 0 ? [] : path.slice(at + 1).split("&");
  // An empty name counts like any other, but what ends in "&" has nothing behind it.
  if (parts.at(-1) === "") parts.pop();
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    add(query, decode(name), equals < 0 ? "" : decode(part.slice(equals + 1)));
  }
  for (const change of changes) change(query, source);
  const own = at < 0 ? path : path.slice(0, at);
  const pairs = [...query]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  return pairs.length === 0 ? own : `${own}?${pairs.join("&")}`;
}

function add(query: Query, name: string, value: string): void {
  const values = query.get(name);
  if (values) values.push(value);
  else query.set(name, [value]);
}

/** What is no escape stays as it is. One character a byte. */
function decode(text: string): string {
  return text.replaceAll(/%[0-9a-f]{2}/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
}

/** As forms are encoded, with `%20` for a space. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()~]/g, escaped);
}

function escaped(one: string): string {
  return `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
}

function parseMutation({ append, remove }: Mutation, path: string, problems: Problem[]): QueryChange {
  if (!append) return (query) => query.delete(remove ?? "");
  const { record, action = "APPEND_IF_EXISTS_OR_ADD" } = append;
  const { key = "", value } = record ?? {};
  if (value && value.string_value === undefined) {
    problems.push(notSupported(`${path}.append.record.value`, "a value that is no string"));
  }
  const format = parseFormat(value?.string_value ?? "", "");
  if (typeof format !== "function") {
    problems.push(refuse(`${path}.append.record.value`, format.reason));
    return () => undefined;
  }
  return (query, source) => {
    const isThere = query.has(key);
    if (action === "ADD_IF_ABSENT" && isThere) return;
    if (action === "OVERWRITE_IF_EXISTS" && !isThere) return;
    if (action !== "APPEND_IF_EXISTS_OR_ADD") query.delete(key);
    add(query, key, encode(format(source)));
  };
}
