import type { Problem } from "../../base/problem.ts";
import type { Descriptors, FieldDescriptor } from "../descriptor.ts";
import type { Message } from "../message.ts";
import { setOwn } from "../record.ts";
import type { MappingNode, ScalarNode, SourceNode } from "../source-node.ts";
import type { RuleViolation } from "../rules/rule-checker.ts";
import { AnyReader } from "./any.ts";
import { isNull } from "./plain.ts";
import { noteViolations } from "./rule-problems.ts";
import { type Reader, scalarReader } from "./scalars.ts";
import { suggestField } from "./suggest.ts";
import { type FieldSource, freeForms, scalarForms, type TypePlan, TypePlans } from "./type-plan.ts";
import { wrapperKinds } from "../well-known-types.ts";
import { found, Walk } from "./walk.ts";

/** What the mapper needs of the schema around it. */
export interface MapperSeams {
  readonly descriptors: Descriptors;
  encode(typeName: string, message: Message): Buffer;
  /** The rule violations of a message, without those inside its Anys, which are checked where they are read. */
  checkRules(typeName: string, message: Message): readonly RuleViolation[];
}

export interface SourceMapping {
  /** Undefined when something could not be read. */
  readonly message: Message | undefined;
  readonly problems: readonly Problem[];
}

type Fields = Record<string, unknown>;

/** Messages nest at most so deep, as decoders allow. */
const maxDepth = 100;

/** Maps YAML and JSON trees to messages by the proto3 JSON mapping, as Envoy's loader accepts it. */
export class SourceMapper {
  readonly #seams: MapperSeams;
  readonly #plans: TypePlans;
  readonly #readers = new Map<string, Reader>();
  readonly #any: AnyReader;

  constructor(seams: MapperSeams) {
    this.#seams = seams;
    this.#plans = new TypePlans(seams.descriptors, (typeName) => this.#readerOf(typeName));
    this.#any = new AnyReader(seams, {
      read: (typeName, node, walk) => this.#readerOf(typeName)(node, walk),
      readFields: (typeName, node, walk) => this.#fields(this.#plans.of(typeName)!, node, walk, true),
      checkRules: (typeName, message, node, walk) => this.#checkRules(typeName, message, node, walk),
    });
  }

  map(typeName: string, node: SourceNode, options: { rules: boolean; path: string }): SourceMapping {
    const walk = new Walk(options.path, options.rules);
    const plan = this.#plans.of(typeName);
    const isTyped =
      plan && node.kind === "mapping" && typeName !== "google.protobuf.Any" && !freeForms.has(typeName);
    if (isTyped) checkRootType(typeName, node, walk);
    const read = isTyped ? this.#fields(plan, node, walk, true) : this.#readerOf(typeName)(node, walk);
    const message = isFields(read) ? read : undefined;
    if (message) this.#checkRules(typeName, message, node, walk);
    return {
      message: walk.errors > 0 ? undefined : message,
      problems: walk.problems.length > 1 ? inOrder(walk.problems) : walk.problems,
    };
  }

  /** One reader per type, resolved late because types refer to themselves. */
  #readerOf(typeName: string): Reader {
    let reader = this.#readers.get(typeName);
    if (!reader) {
      reader = this.#makeReader(typeName);
      this.#readers.set(typeName, reader);
    }
    return reader;
  }

  #makeReader(typeName: string): Reader {
    if (typeName === "google.protobuf.Any") return (node, walk) => this.#any.read(node, walk);
    const free = freeForms.get(typeName);
    if (free) return free;
    const wrapped = wrapperKinds.get(typeName);
    if (wrapped) return this.#wrapperReader(typeName, scalarReader(wrapped));
    const scalarForm = scalarForms.get(typeName);
    if (scalarForm) {
      return (node, walk) =>
        node.kind === "scalar" ? scalarForm(node, walk) : this.#message(typeName, node, walk);
    }
    return (node, walk) => this.#message(typeName, node, walk);
  }

  /** A wrapper is its value; `{value: 5}` is read too, as Envoy does. */
  #wrapperReader(typeName: string, read: Reader): Reader {
    return (node, walk) => {
      if (node.kind === "mapping") return this.#message(typeName, node, walk);
      const value = read(node, walk);
      if (value === undefined) return undefined;
      const isDefault = value === "" || value === false || value === "0" || Object.is(value, 0);
      return isDefault || (Buffer.isBuffer(value) && value.length === 0) ? {} : { value };
    };
  }

  #message(typeName: string, node: SourceNode, walk: Walk): Fields | undefined {
    if (node.kind !== "mapping") {
      return walk.error("wrong-kind", node, `expected a mapping (${typeName}), found ${found(node)}`);
    }
    if (walk.depth >= maxDepth) {
      return walk.error("nested-too-deep", node, `messages are nested more than ${maxDepth} deep`);
    }
    const plan = this.#plans.of(typeName);
    if (!plan) throw new Error(`the schema has no message type ${typeName}`);
    walk.depth += 1;
    const message = this.#fields(plan, node, walk, false);
    walk.depth -= 1;
    return message;
  }

  #fields(plan: TypePlan, node: MappingNode, walk: Walk, allowsType: boolean): Fields {
    const message: Fields = {};
    const setBy = new Map<string, string>();
    for (const { key, value } of node.entries) {
      if (allowsType && key.value === "@type") continue;
      const source = plan.fields.get(key.value);
      if (!source) {
        this.#unknownField(plan, key, walk);
        continue;
      }
      if (!source.takesNull && isNull(value)) continue;
      const { field } = source;
      walk.push(field.name);
      this.#noteOneof(field, key, setBy, walk);
      if (field.name in message && key.value !== field.name) {
        walk.warn(
          "field-set-twice",
          key,
          `${field.name} is set twice, as ${field.name} and as ${key.value}; the last one counts`,
        );
      }
      this.#setField(message, source, value, walk);
      walk.pop();
    }
    return message;
  }

  #unknownField(plan: TypePlan, key: ScalarNode, walk: Walk): void {
    walk.push(key.value);
    const message = `${plan.descriptor.name} has no field ${JSON.stringify(key.value)}`;
    walk.error("unknown-field", key, message, suggestField(key.value, plan));
    walk.pop();
  }

  /** Two members of a oneof; the same member twice, in both spellings, is `field-set-twice`. */
  #noteOneof(
    { name, oneof }: FieldDescriptor,
    key: ScalarNode,
    setBy: Map<string, string>,
    walk: Walk,
  ): void {
    if (oneof === undefined) return;
    const earlier = setBy.get(oneof);
    if (earlier !== undefined && earlier !== name) {
      const message = `${earlier} and ${name} are alternatives (oneof ${oneof}), only one of them may be set`;
      walk.error("oneof-conflict", key, message);
    }
    setBy.set(oneof, name);
  }

  #setField(message: Fields, source: FieldSource, node: SourceNode, walk: Walk): void {
    const { field } = source;
    let value: unknown;
    if (source.shape === "repeated") value = this.#list(source, node, walk);
    else if (source.shape === "map") value = this.#entries(source, node, walk);
    else value = source.read(node, walk);
    if (value === undefined) return;
    if (Object.is(value, source.implicitDefault) || (!field.hasPresence && isEmpty(value))) {
      delete message[field.name];
    } else message[field.name] = value;
  }

  #list(source: FieldSource, node: SourceNode, walk: Walk): unknown[] | undefined {
    if (node.kind !== "sequence") return this.#listOfOne(source, node, walk);
    const values: unknown[] = [];
    node.items.forEach((item, index) => {
      walk.push(`[${index}]`);
      if (isNull(item) && !source.takesNull) {
        walk.error("empty-item", item, `expected a value for item ${index}, found ${found(item)}`);
      } else {
        const value = source.read(item, walk);
        if (value !== undefined) values.push(value);
      }
      walk.pop();
    });
    return values;
  }

  /** Envoy's loader takes a single value for a list of one; it is most often a forgotten dash. */
  #listOfOne(source: FieldSource, node: SourceNode, walk: Walk): unknown[] | undefined {
    const { problems, errors } = walk;
    const before = problems.length;
    walk.warn(
      "single-value-list",
      node,
      `expected a list, found ${found(node)}; it is taken as a list of one`,
    );
    const value = source.read(node, walk);
    if (walk.errors > errors || value === undefined) {
      // One error says it all: what stands there is no list.
      problems.length = before;
      return walk.error("wrong-kind", node, `expected a list, found ${found(node)}`);
    }
    return [value];
  }

  #entries(source: FieldSource, node: SourceNode, walk: Walk): Fields | undefined {
    if (node.kind !== "mapping") {
      return walk.error("wrong-kind", node, `expected a mapping, found ${found(node)}`);
    }
    const entries: Fields = {};
    for (const { key, value } of node.entries) {
      walk.push(`[${JSON.stringify(key.value)}]`);
      const name = source.key!(key.value);
      if (name === undefined) walk.error("bad-map-key", key, `${found(key)} cannot be a key of this map`);
      else if (isNull(value) && !source.takesNull) {
        // Envoy reads null here as the value type's default.
        const isMessage = source.field.type.kind === "map" && source.field.type.value.kind === "message";
        if (isMessage) setOwn(entries, name, {});
        else walk.error("empty-item", value, `expected a value, found ${found(value)}`);
      } else {
        const read = source.read(value, walk);
        if (read !== undefined) setOwn(entries, name, read);
      }
      walk.pop();
    }
    return entries;
  }

  #checkRules(typeName: string, message: Message, node: SourceNode, walk: Walk): void {
    if (walk.checksRules) noteViolations(this.#seams.checkRules(typeName, message), node, walk);
  }
}

/** A resource that stands where its type is clear may still say it; saying another one is a mistake. */
function checkRootType(typeName: string, node: MappingNode, walk: Walk): void {
  const type = node.entries.findLast(({ key }) => key.value === "@type")?.value;
  if (!type || (type.kind === "scalar" && type.value.endsWith(`/${typeName}`))) return;
  walk.error("type-mismatch", type, `expected a ${typeName} here, found ${found(type)}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty list, map or bytes: never held by a message. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value.length === 0;
  return isFields(value) && Object.keys(value).length === 0;
}

/** By place in the text, as a reader goes through it. */
function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    if (!a.place || !b.place || a.place.file !== b.place.file) return 0;
    return a.place.line - b.place.line || a.place.column - b.place.column;
  });
}
