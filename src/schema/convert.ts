import { isUtf8 } from "node:buffer";
import { hasErrors, type Problem } from "../base/problem.ts";
import { unreachable } from "../base/unreachable.ts";
import { DecodeError } from "./codec/decode-error.ts";
import type { Message } from "./message.ts";
import type { Schema } from "./schema.ts";
import type { SourceFile, SourceNode } from "./source-node.ts";
import { toYamlText } from "./to-json/yaml-text.ts";
import { typeNameOf } from "./type-urls.ts";
import { parseYaml } from "./yaml/parse-yaml.ts";

/**
 * The forms of a message. `binary` and `base64` are a google.protobuf.Any, so that they say their type and can be
 * turned back, as the "@type" of the text forms does.
 */
export type MessageForm = "yaml" | "json" | "binary" | "base64";

export interface ConvertOptions {
  readonly to: MessageForm;
  /** False leaves field rules unchecked; default true. */
  readonly rules?: boolean;
}

/** One message of a file, turned into another form or refused. */
export interface Converted {
  readonly file: string;
  /** Full type name, without the host of the type URL; undefined when the input does not say it. */
  readonly type: string | undefined;
  /** Errors make it not ok; warnings do not. */
  readonly problems: readonly Problem[];
  /** Present when there is no error. */
  readonly result?: {
    /** In the form that was asked for. */
    readonly output: Buffer;
    /** Canonical encoding of the message itself, without an Any around it. */
    readonly bytes: Buffer;
  };
}

/** The line that `-o jsonl` prints for a file; every key is there for failures too. */
export interface ConvertedLine {
  readonly file: string;
  readonly type: string | null;
  readonly ok: boolean;
  readonly errors: readonly {
    readonly path: string;
    readonly line: number | null;
    readonly column: number | null;
    readonly message: string;
    readonly code: string;
  }[];
  /** Canonical bytes of the message (of type `type`, without an Any around it); null when not ok. */
  readonly base64: string | null;
}

const anyType = "google.protobuf.Any";

/**
 * Turns what one file holds into another form: YAML or JSON with "@type", a binary Any, or the base64 of one, told
 * apart by their content. A YAML file may hold several messages as documents, so there is a result for each.
 */
export function convertFile(
  schema: Schema,
  name: string,
  content: Buffer,
  options: ConvertOptions,
): readonly Converted[] {
  const any = readAny(schema, content);
  if (any) return [convertAny(schema, name, any, options)];
  if (!isUtf8(content)) {
    const message = "expected text in UTF-8 or a google.protobuf.Any, found other bytes";
    return [
      { file: name, type: undefined, problems: [{ code: "bad-wire-format", severity: "error", message }] },
    ];
  }
  const file = { name, text: content.toString("utf8") };
  const { documents, problems } = parseYaml(file);
  const converted = documents.map((node) => convertNode(schema, file, node, options));
  if (hasErrors(problems)) return [{ file: name, type: undefined, problems }, ...converted];
  const [first, ...others] = converted;
  if (first) return [{ ...first, problems: [...problems, ...first.problems] }, ...others];
  const message = 'the file holds no message; expected YAML or JSON with "@type", or a google.protobuf.Any';
  return [{ file: name, type: undefined, problems: [{ code: "empty-input", severity: "error", message }] }];
}

/**
 * The `-o jsonl` form of what `convertFile` made of one file. A line has room for one message: a file with more is
 * refused, rather than shown in part.
 */
export function convertedLine(file: string, results: readonly Converted[]): ConvertedLine {
  const errors = results.flatMap(({ problems }) => problems.filter(({ severity }) => severity === "error"));
  if (results.length > 1 && errors.length === 0) errors.push(severalMessages(results.length));
  const [only] = results.length === 1 ? results : [];
  return {
    file,
    type: only?.type ?? null,
    ok: errors.length === 0,
    errors: errors.map(({ path, place, message, code, suggestion }) => ({
      path: path ?? "",
      line: place?.line ?? null,
      column: place?.column ?? null,
      message: suggestion === undefined ? message : `${message}; did you mean ${suggestion}?`,
      code,
    })),
    base64: only?.result?.bytes.toString("base64") ?? null,
  };
}

function severalMessages(count: number): Problem {
  const message = `the file holds ${count} messages, and a line has room for one; give each a file of its own`;
  return { code: "several-messages", severity: "error", message };
}

function convertNode(schema: Schema, file: SourceFile, node: SourceNode, options: ConvertOptions): Converted {
  const { message, problems } = schema.fromSource(anyType, node, { rules: options.rules ?? true });
  const type = typeOf(node);
  if (!message || hasErrors(problems)) return { file: file.name, type, problems };
  return { file: file.name, type, problems, result: resultOf(schema, message, options.to) };
}

function typeOf(node: SourceNode): string | undefined {
  if (node.kind !== "mapping") return undefined;
  const value = node.entries.findLast(({ key }) => key.value === "@type")?.value;
  return value?.kind === "scalar" ? typeNameOf(value.value) : undefined;
}

interface AnyInput {
  readonly type: string;
  readonly typeUrl: string;
  readonly value: Buffer;
}

/** A google.protobuf.Any, given as bytes or as base64; undefined when the content is something else. */
function readAny(schema: Schema, content: Buffer): AnyInput | undefined {
  if (content[0] === 0x0a) {
    const any = decodeAny(schema, content);
    if (any) return any;
  }
  // No YAML mapping is made of these characters alone, since it needs a colon.
  if (content.length === 0 || !/^[A-Za-z0-9+/_=\s-]*$/.test(content.toString("latin1"))) return undefined;
  return decodeAny(schema, Buffer.from(content.toString("latin1").replaceAll(/\s/g, ""), "base64"));
}

function decodeAny(schema: Schema, bytes: Buffer): AnyInput | undefined {
  try {
    const { type_url: typeUrl, value } = schema.decode(anyType, bytes);
    if (!typeUrl?.includes("/")) return undefined;
    return { type: typeNameOf(typeUrl), typeUrl, value: value ?? Buffer.alloc(0) };
  } catch (cause) {
    if (cause instanceof DecodeError) return undefined;
    throw cause;
  }
}

function convertAny(schema: Schema, file: string, any: AnyInput, options: ConvertOptions): Converted {
  const { type, typeUrl, value } = any;
  if (!schema.descriptors.messages.has(type)) {
    return {
      file,
      type,
      problems: [{ code: "unknown-type", severity: "error", message: `there is no type ${type}` }],
    };
  }
  const problems: Problem[] = [];
  const message = decodeContent(schema, any, problems);
  if (message && options.rules !== false) {
    for (const { path, message: reason } of schema.checkRules(type, message)) {
      problems.push({ code: "rule-violation", severity: "error", message: reason, path });
    }
  }
  if (!message || problems.length > 0) return { file, type, problems };
  const canonical = schema.encode(type, message);
  const whole = { type_url: typeUrl, ...(value.length === 0 ? {} : { value: canonical }) };
  return { file, type, problems, result: resultOf(schema, whole, options.to) };
}

function decodeContent(schema: Schema, { type, value }: AnyInput, problems: Problem[]): Message | undefined {
  const onUnknownField = (typeName: string, fieldNumber: number) => {
    const message = `${typeName} has no field of number ${fieldNumber}; converting would lose it`;
    problems.push({ code: "unknown-field-number", severity: "error", message });
  };
  try {
    return schema.decode(type, value, { onUnknownField });
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    problems.push({ code: cause.code, severity: "error", message: cause.reason, path: cause.path });
    return undefined;
  }
}

function resultOf(
  schema: Schema,
  any: { type_url?: string; value?: Buffer },
  to: MessageForm,
): NonNullable<Converted["result"]> {
  return { output: outputOf(schema, any, to), bytes: any.value ?? Buffer.alloc(0) };
}

function outputOf(schema: Schema, any: Message, to: MessageForm): Buffer {
  switch (to) {
    case "yaml":
      return Buffer.from(toYamlText(schema.toJson(anyType, any)));
    case "json":
      return Buffer.from(`${JSON.stringify(schema.toJson(anyType, any), null, 2)}\n`);
    case "binary":
      return schema.encode(anyType, any);
    case "base64":
      return Buffer.from(`${schema.encode(anyType, any).toString("base64")}\n`);
    default:
      return unreachable(to);
  }
}
