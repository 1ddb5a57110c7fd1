import { RE2JS } from "re2js";
import { status } from "@grpc/grpc-js";
import { errorMessage } from "../../base/error-message.ts";
import type { MessageTypes } from "../../schema/api.ts";
import type { Node } from "../../snapshot/node.ts";
import { CallError } from "./grpc-service.ts";

type NodeMatcher = MessageTypes["envoy.type.matcher.v3.NodeMatcher"];
type StringMatcher = MessageTypes["envoy.type.matcher.v3.StringMatcher"];
type StructMatcher = MessageTypes["envoy.type.matcher.v3.StructMatcher"];
type ValueMatcher = MessageTypes["envoy.type.matcher.v3.ValueMatcher"];

/** A google.protobuf.Value as it is decoded. */
interface Value {
  readonly null_value?: unknown;
  readonly bool_value?: boolean;
  readonly number_value?: number;
  readonly string_value?: string;
  readonly struct_value?: Struct;
  readonly list_value?: { readonly values?: readonly Value[] };
}

interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}

/** True when one of the matchers matches the node, or there is none. Throws CallError for what is not supported. */
export function matchesOne(matchers: readonly NodeMatcher[], node: Node): boolean {
  return matchers.length === 0 || matchers.some((matcher) => matchesNode(matcher, node));
}

function matchesNode({ node_id, node_metadatas = [] }: NodeMatcher, { id, metadata }: Node): boolean {
  if (node_id && !matchesString(node_id, id)) return false;
  return node_metadatas.every((matcher) => matchesStruct(matcher, metadata));
}

function matchesString(matcher: StringMatcher, text: string): boolean {
  const fold = (value: string) => (matcher.ignore_case ? value.toLowerCase() : value);
  const found = fold(text);
  if (matcher.exact !== undefined) return found === fold(matcher.exact);
  if (matcher.prefix !== undefined) return found.startsWith(fold(matcher.prefix));
  if (matcher.suffix !== undefined) return found.endsWith(fold(matcher.suffix));
  if (matcher.contains !== undefined) return found.includes(fold(matcher.contains));
  if (matcher.safe_regex) return matchesRegex(matcher.safe_regex.regex ?? "", text);
  throw new CallError(
    status.INVALID_ARGUMENT,
    "node_matchers: a string matcher of a kind that is not supported",
  );
}

/** RE2, so that no expression of a client takes long. */
function matchesRegex(regex: string, text: string): boolean {
  try {
    return RE2JS.compile(regex).matches(text);
  } catch (error) {
    const reason = errorMessage(error);
    throw new CallError(status.INVALID_ARGUMENT, `node_matchers: ${reason}`);
  }
}

function matchesStruct({ path = [], value }: StructMatcher, metadata: Struct | undefined): boolean {
  let found: Value | undefined = metadata && { struct_value: metadata };
  for (const { key = "" } of path)
    found = new Map(Object.entries(found?.struct_value?.fields ?? {})).get(key);
  return value !== undefined && value !== null && matchesValue(value, found);
}

function matchesValue(matcher: ValueMatcher, value: Value | undefined): boolean {
  if (matcher.present_match !== undefined) return (value !== undefined) === matcher.present_match;
  if (value === undefined) return false;
  if (matcher.null_match) return value.null_value !== undefined;
  if (matcher.bool_match !== undefined) return value.bool_value === matcher.bool_match;
  if (matcher.string_match) {
    return value.string_value !== undefined && matchesString(matcher.string_match, value.string_value);
  }
  throw new CallError(
    status.INVALID_ARGUMENT,
    "node_matchers: a value matcher of a kind that is not supported",
  );
}
