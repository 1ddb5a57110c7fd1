import type { Descriptors } from "../descriptor.ts";
import type { Message } from "../message.ts";
import type { MappingNode, SourceNode } from "../source-node.ts";
import { isNull } from "./plain.ts";
import { suggestType } from "./suggest.ts";
import { typeNameOf } from "../type-urls.ts";
import { hasOwnForm } from "../well-known-types.ts";
import { found, type Walk } from "./walk.ts";

interface AnySeams {
  readonly descriptors: Descriptors;
  encode(typeName: string, message: Message): Buffer;
}

interface ContentReader {
  read(typeName: string, node: SourceNode, walk: Walk): unknown;
  readFields(typeName: string, node: MappingNode, walk: Walk): Message;
  checkRules(typeName: string, message: Message, node: SourceNode, walk: Walk): void;
}

/**
 * Reads google.protobuf.Any: `{"@type": ".../name", …fields}`, or `{"@type": …, value: …}` for a well-known type with
 * a JSON form of its own (any.proto, "JSON"). The content becomes canonical bytes.
 */
export class AnyReader {
  readonly #seams: AnySeams;
  readonly #content: ContentReader;

  constructor(seams: AnySeams, content: ContentReader) {
    this.#seams = seams;
    this.#content = content;
  }

  read(node: SourceNode, walk: Walk): object | undefined {
    if (node.kind !== "mapping") {
      return walk.error("wrong-kind", node, `expected a mapping with "@type", found ${found(node)}`);
    }
    if (node.entries.length === 0) return {};
    const type = node.entries.findLast(({ key }) => key.value === "@type");
    if (!type) return walk.error("missing-type", node, `expected "@type" to say what this message is`);
    if (type.value.kind !== "scalar" || isNull(type.value)) {
      return walk.error("wrong-kind", type.value, `expected a type URL, found ${found(type.value)}`);
    }
    const typeUrl = type.value.value;
    const typeName = typeNameOf(typeUrl);
    if (typeName.length >= typeUrl.length - 1) {
      const hint = this.#seams.descriptors.messages.has(typeName)
        ? `type.googleapis.com/${typeName}`
        : undefined;
      return walk.error(
        "unknown-type",
        type.value,
        `expected a type URL with a host and a slash, found ${found(type.value)}`,
        hint,
      );
    }
    if (!this.#seams.descriptors.messages.has(typeName)) {
      const hint = suggestType(typeName, this.#seams.descriptors);
      return walk.error(
        "unknown-type",
        type.value,
        `there is no type ${typeName}`,
        hint && `type.googleapis.com/${hint}`,
      );
    }
    const before = walk.errors;
    const content = this.#read(typeName, node, walk);
    if (content === undefined) return undefined;
    this.#content.checkRules(typeName, content, node, walk);
    if (walk.errors > before) return undefined;
    const value = this.#seams.encode(typeName, content);
    return value.length === 0 ? { type_url: typeUrl } : { type_url: typeUrl, value };
  }

  #read(typeName: string, node: MappingNode, walk: Walk): Message | undefined {
    if (walk.depth >= 100) {
      return walk.error("nested-too-deep", node, "messages are nested more than 100 deep");
    }
    walk.depth += 1;
    const message = hasOwnForm(typeName)
      ? this.#wellKnown(typeName, node, walk)
      : this.#content.readFields(typeName, node, walk);
    walk.depth -= 1;
    return message;
  }

  #wellKnown(typeName: string, node: MappingNode, walk: Walk): Message | undefined {
    for (const { key } of node.entries) {
      if (key.value === "@type" || key.value === "value") continue;
      walk.push(key.value);
      walk.error(
        "unknown-field",
        key,
        `inside Any a ${typeName} is given as "value", found ${found(key)}`,
        "value",
      );
      walk.pop();
    }
    const value = node.entries.findLast(({ key }) => key.value === "value")?.value;
    if (!value || (isNull(value) && typeName !== "google.protobuf.Value")) return {};
    walk.push("value");
    const read = this.#content.read(typeName, value, walk);
    walk.pop();
    return typeof read === "object" && read !== null ? { ...read } : undefined;
  }
}
