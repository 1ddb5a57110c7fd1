import {
  type AliasEvent,
  COLLECTION_STYLE,
  type Event,
  EVENT_ID,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import type { Problem } from "../../base/problem.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { SourceProblemCode } from "../problem-codes.ts";
import type { MappingNode, ScalarNode, SourceFile, SourceNode } from "../source-node.ts";
import type { YamlLimits } from "./limits.ts";
import { placeOf } from "./place.ts";

export interface ComposeInput {
  readonly file: SourceFile;
  /** The part of the file's text that `events` speak of. */
  readonly text: string;
  /** Where that part starts in the file. */
  readonly base: number;
  readonly events: readonly Event[];
  readonly limits: YamlLimits;
  readonly isStrict: boolean;
}

export interface Composed {
  readonly documents: SourceNode[];
  readonly problems: Problem[];
}

/** Turns the parser's events into one tree per document, aliases resolved. */
export function composeDocuments(input: ComposeInput): Composed {
  const composer = new Composer(input);
  const documents: SourceNode[] = [];
  while (!composer.isDone) {
    const document = composer.document();
    if (document) documents.push(document);
  }
  return { documents, problems: composer.problems };
}

/** An anchored node, what it weighs when its aliases are followed, and how deep it goes. */
interface Anchor {
  readonly node: SourceNode | undefined;
  readonly weight: number;
  readonly height: number;
}

const ignoreTag = "!ignore";
const coreTags = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].flatMap((name) => [
    `!!${name}`,
    `!<tag:yaml.org,2002:${name}>`,
  ]),
).add("!");

class Composer {
  readonly problems: Problem[] = [];
  readonly #input: ComposeInput;
  #next = 0;
  #anchors = new Map<string, Anchor>();
  /** Where the node before ended, in the file: an empty value stands there. */
  #cursor: number;
  /** False once a problem has made the document unusable. */
  #isUsable = true;
  #aliasNodes = 0;
  // Of the node composed last: the nodes in it, and the levels below it.
  #weight = 0;
  #height = 0;

  constructor(input: ComposeInput) {
    this.#input = input;
    this.#cursor = input.base;
  }

  get isDone(): boolean {
    return this.#next >= this.#input.events.length;
  }

  document(): SourceNode | undefined {
    this.#next += 1;
    this.#anchors = new Map();
    this.#isUsable = true;
    this.#aliasNodes = 0;
    let root: SourceNode | undefined;
    while (this.#peek().type !== EVENT_ID.POP) root = this.#node(0);
    this.#next += 1;
    if (!this.#isUsable || !root || (root.kind === "scalar" && root.isPlain && root.value === ""))
      return undefined;
    return root;
  }

  #peek(): Event {
    return this.#input.events[this.#next]!;
  }

  #node(depth: number): SourceNode | undefined {
    const event = this.#peek();
    this.#next += 1;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(event, this.#scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.#collection(event, () => this.#sequence(event, depth));
      case EVENT_ID.MAPPING:
        return this.#collection(event, () => this.#mapping(event, depth));
      case EVENT_ID.ALIAS:
        return this.#alias(event, depth);
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
        throw new Error("the parser's events are not balanced");
      default:
        return unreachable(event);
    }
  }

  #collection(event: SequenceEvent | MappingEvent, compose: () => SourceNode): SourceNode {
    const name = this.#slice(event.anchorStart, event.anchorEnd);
    // Until it is complete its own aliases would make a cycle; the entry without a node tells them.
    if (name !== undefined) this.#anchors.set(name, { node: undefined, weight: 0, height: 0 });
    this.#checkTag(event);
    return this.#anchored(event, compose());
  }

  #sequence(event: SequenceEvent, depth: number): SourceNode {
    const start = this.#input.base + event.start;
    const items: SourceNode[] = [];
    let weight = 1;
    let height = 0;
    while (this.#peek().type !== EVENT_ID.POP) {
      if (event.style === COLLECTION_STYLE.BLOCK) this.#toDash();
      const item = this.#node(depth + 1);
      if (item) items.push(item);
      weight += this.#weight;
      height = Math.max(height, this.#height);
    }
    const end = this.#close(event, start, "]");
    this.#weight = weight;
    this.#height = height + 1;
    return { kind: "sequence", file: this.#input.file, start, end, items };
  }

  /** An empty item has no place of its own in the events; it stands at its dash. */
  #toDash(): void {
    const event = this.#peek();
    if (event.type !== EVENT_ID.SCALAR || event.valueStart >= 0) return;
    const { text } = this.#input.file;
    while (this.#cursor < text.length && text[this.#cursor] !== "-") {
      this.#cursor = skipOne(text, this.#cursor);
    }
    this.#cursor = Math.min(this.#cursor + 1, text.length);
  }

  #mapping(event: MappingEvent, depth: number): SourceNode {
    const start = this.#input.base + event.start;
    const entries: { key: ScalarNode; value: SourceNode }[] = [];
    let weight = 1;
    let height = 0;
    while (this.#peek().type !== EVENT_ID.POP) {
      const key = this.#node(depth + 1);
      const keyWeight = this.#weight;
      const value = this.#node(depth + 1);
      weight += keyWeight + this.#weight;
      height = Math.max(height, this.#height);
      if (key && value && this.#isKey(key) && key.tag !== ignoreTag) entries.push({ key, value });
    }
    const end = this.#close(event, start, "}");
    this.#weight = weight;
    this.#height = height + 1;
    const node: MappingNode = { kind: "mapping", file: this.#input.file, start, end, entries };
    this.#checkDuplicates(node);
    return node;
  }

  #isKey(key: SourceNode): key is ScalarNode {
    if (key.kind !== "scalar") {
      this.#fail("yaml-bad-key", `a key must be a scalar, found a ${key.kind}`, key.start);
      return false;
    }
    if (key.isPlain && key.value === "<<") {
      this.#fail(
        "yaml-merge-key",
        "the merge key << is not part of YAML 1.2; Envoy refuses it too",
        key.start,
      );
      return false;
    }
    return true;
  }

  #checkDuplicates({ entries }: MappingNode): void {
    // Mappings are small, and comparing a few keys costs less than a Map for each.
    const first = entries.length > 8 ? new Map<string, ScalarNode>() : undefined;
    entries.forEach(({ key }, index) => {
      const earlier = first ? first.get(key.value) : earlierKey(entries, index);
      if (earlier) this.#warnOfDuplicate(key, earlier);
      else first?.set(key.value, key);
    });
  }

  #warnOfDuplicate(key: ScalarNode, earlier: ScalarNode): void {
    const { file } = this.#input;
    this.problems.push({
      code: "yaml-duplicate-key",
      severity: this.#input.isStrict ? "error" : "warning",
      message: `the key ${key.value} is in this mapping twice; the last one counts`,
      place: placeOf(file, key.start),
      related: [{ place: placeOf(file, earlier.start), message: "first here" }],
    });
  }

  #scalar(event: ScalarEvent): ScalarNode {
    const { file, text, base } = this.#input;
    this.#weight = 1;
    this.#height = 0;
    const value = getScalarValue(text, event);
    const isPlain = event.style === SCALAR_STYLE.PLAIN;
    let start = this.#cursor;
    let end = start;
    if (event.valueStart >= 0) {
      const quote =
        event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
      start = base + event.valueStart - quote;
      end = base + event.valueEnd + quote;
    }
    this.#cursor = end;
    if (event.tagStart < 0) return { kind: "scalar", file, start, end, value, isPlain };
    this.#checkTag(event);
    return {
      kind: "scalar",
      file,
      start,
      end,
      value,
      isPlain,
      tag: text.slice(event.tagStart, event.tagEnd),
    };
  }

  #anchored(event: ScalarEvent | SequenceEvent | MappingEvent, node: SourceNode): SourceNode {
    if (event.anchorStart >= 0) {
      const name = this.#input.text.slice(event.anchorStart, event.anchorEnd);
      this.#anchors.set(name, { node, weight: this.#weight, height: this.#height });
    }
    return node;
  }

  #alias(event: AliasEvent, depth: number): SourceNode | undefined {
    const { text, base, limits } = this.#input;
    const name = text.slice(event.anchorStart, event.anchorEnd);
    const at = base + event.anchorStart - 1;
    this.#cursor = base + event.anchorEnd;
    this.#weight = 1;
    this.#height = 0;
    const anchor = this.#anchors.get(name);
    if (!anchor) return this.#fail("yaml-unknown-alias", `there is no anchor &${name} before this alias`, at);
    if (!anchor.node) return this.#fail("yaml-alias-cycle", `*${name} stands inside its own anchor`, at);
    if (depth + anchor.height > limits.maxDepth) {
      return this.#fail("yaml-too-deep", `*${name} nests collections more than ${limits.maxDepth} deep`, at);
    }
    this.#aliasNodes += anchor.weight;
    if (this.#aliasNodes > limits.maxAliasNodes) {
      const message = `up to *${name} the aliases of this document stand for more than ${limits.maxAliasNodes} nodes`;
      return this.#fail("yaml-alias-bomb", message, at);
    }
    this.#weight = anchor.weight;
    this.#height = anchor.height;
    return anchor.node;
  }

  #checkTag(event: ScalarEvent | SequenceEvent | MappingEvent): void {
    const tag = this.#slice(event.tagStart, event.tagEnd);
    if (tag === undefined || tag === ignoreTag || coreTags.has(tag)) return;
    this.#fail(
      "yaml-tag",
      `the tag ${tag} is not one of YAML's core tags`,
      this.#input.base + event.tagStart,
    );
  }

  /** Moves past the event that closes a collection; returns where its text ends. */
  #close(event: SequenceEvent | MappingEvent, start: number, bracket: string): number {
    this.#next += 1;
    let end = Math.max(this.#cursor, start);
    if (event.style === COLLECTION_STYLE.FLOW) {
      const { text } = this.#input.file;
      end = Math.max(end, start + 1);
      while (end < text.length && text[end] !== bracket) end = skipOne(text, end);
      end += 1;
    }
    this.#cursor = end;
    return end;
  }

  #slice(start: number, end: number): string | undefined {
    return start < 0 ? undefined : this.#input.text.slice(start, end);
  }

  /** Notes an error that leaves the document without a tree. */
  #fail(code: SourceProblemCode, message: string, offset: number): undefined {
    // One alias bomb would otherwise be reported once per alias that follows.
    if (this.#isUsable || code !== "yaml-alias-bomb") {
      this.problems.push({ code, severity: "error", message, place: placeOf(this.#input.file, offset) });
    }
    this.#isUsable = false;
    return undefined;
  }
}

/** Past one character, or past the comment that it begins. */
function skipOne(text: string, at: number): number {
  if (text[at] !== "#") return at + 1;
  const newline = text.indexOf("\n", at);
  return newline < 0 ? text.length : newline;
}

function earlierKey(entries: MappingNode["entries"], index: number): ScalarNode | undefined {
  const { value } = entries[index]!.key;
  for (let before = 0; before < index; before += 1) {
    if (entries[before]!.key.value === value) return entries[before]!.key;
  }
  return undefined;
}
