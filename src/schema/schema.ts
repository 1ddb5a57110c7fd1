import type { Problem } from "../base/problem.ts";
import { ByteWriter } from "./codec/byte-writer.ts";
import type { MessageOf } from "./api.ts";
import { type DecodeOptions, readMessage } from "./codec/decode.ts";
import { DecodeError } from "./codec/decode-error.ts";
import { writeMessage } from "./codec/encode.ts";
import { Plans, UnknownTypeError } from "./codec/plan.ts";
import type { Descriptors } from "./descriptor.ts";
import type { JsonValue } from "./json-value.ts";
import type { Message } from "./message.ts";
import { SourceMapper } from "./from-source/source-mapper.ts";
import { RuleChecker, type RuleViolation } from "./rules/rule-checker.ts";
import { JsonPrinter, type ToJsonOptions } from "./to-json/json-printer.ts";
import type { SourceNode } from "./source-node.ts";

export type { RuleViolation } from "./rules/rule-checker.ts";

/** How a tree is read as a message. */
export interface FromSourceOptions {
  /** False leaves protoc-gen-validate rules unchecked. */
  readonly rules?: boolean;
  /** What problem paths start with, such as `static_resources.clusters[0]`; default none. */
  readonly path?: string;
}

/** A message that was read from a tree, and what is wrong with it. */
export interface FromSourceResult<M = Message> {
  /** Undefined when something could not be read; a message that only breaks rules is there. */
  readonly message: M | undefined;
  readonly problems: readonly Problem[];
}

/**
 * The Envoy API at run time: one closed, immutable set of types and everything that can be done with messages of
 * them. Plans for single types are made when first used and kept.
 */
export class Schema {
  readonly descriptors: Descriptors;
  readonly #plans: Plans;
  readonly #rules: RuleChecker;
  readonly #mapper: SourceMapper;
  readonly #printer: JsonPrinter;
  readonly #writer = new ByteWriter();

  constructor(descriptors: Descriptors) {
    this.descriptors = descriptors;
    this.#plans = new Plans(descriptors);
    const decode = (typeName: string, bytes: Buffer) => this.decode(typeName, bytes);
    this.#rules = new RuleChecker(descriptors, decode);
    this.#printer = new JsonPrinter(descriptors, decode);
    this.#mapper = new SourceMapper({
      descriptors,
      encode: (typeName, message) => this.encode(typeName, message),
      checkRules: (typeName, message) => this.#rules.check(typeName, message, false),
    });
  }

  /**
   * The canonical bytes of a message: equal messages of one type have equal bytes. Throws EncodeError for a message
   * that does not fit the type, UnknownTypeError for a name that is no type.
   */
  encode<Name extends string>(typeName: Name, message: MessageOf<Name> | Message): Buffer;
  encode(typeName: string, message: Message): Buffer {
    this.#writer.reset();
    writeMessage(this.#writer, this.#plans.of(typeName), message);
    return this.#writer.finish();
  }

  /**
   * The message that `bytes` hold. Its `bytes` fields share memory with the input. Throws DecodeError for bytes that
   * are not such a message, UnknownTypeError for a name that is no type.
   */
  decode<Name extends string>(typeName: Name, bytes: Buffer, options?: DecodeOptions): MessageOf<Name>;
  decode(typeName: string, bytes: Buffer, options: DecodeOptions = {}): Message {
    const plan = this.#plans.of(typeName);
    try {
      return readMessage(bytes, plan, options);
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      throw cause.within(typeName.slice(typeName.lastIndexOf(".") + 1));
    }
  }

  /**
   * Maps a YAML or JSON tree to a message by the proto3 JSON mapping as Envoy's loader accepts it, and checks field
   * rules. All problems are returned at once, each with its place and path.
   */
  fromSource<Name extends string>(
    typeName: Name,
    node: SourceNode,
    options?: FromSourceOptions,
  ): FromSourceResult<MessageOf<Name>>;
  fromSource(typeName: string, node: SourceNode, options: FromSourceOptions = {}): FromSourceResult {
    if (!this.descriptors.messages.has(typeName)) throw new UnknownTypeError(typeName);
    const { rules = true, path = "" } = options;
    return this.#mapper.map(typeName, node, { rules, path });
  }

  /** The protoc-gen-validate violations of a message and of everything inside it, known Any contents included. */
  checkRules<Name extends string>(
    typeName: Name,
    message: MessageOf<Name> | Message,
  ): readonly RuleViolation[];
  checkRules(typeName: string, message: Message): readonly RuleViolation[] {
    if (!this.descriptors.messages.has(typeName)) throw new UnknownTypeError(typeName);
    return this.#rules.check(typeName, message, true);
  }

  /** The proto3 JSON form of a message, Any expanded with "@type" where its type is known. */
  toJson<Name extends string>(
    typeName: Name,
    message: MessageOf<Name> | Message,
    options?: ToJsonOptions,
  ): JsonValue;
  toJson(typeName: string, message: Message, options: ToJsonOptions = {}): JsonValue {
    if (!this.descriptors.messages.has(typeName)) throw new UnknownTypeError(typeName);
    return this.#printer.print(typeName, message, options);
  }
}
