import type { Message } from "../message.ts";
import { isRecord, setOwn } from "../record.ts";
import { ByteReader } from "./byte-reader.ts";
import { DecodeError } from "./decode-error.ts";
import type { FieldPlan, MessagePlan, ValuePlan } from "./plan.ts";
import { wireTypeOf } from "./plan.ts";
import { wireDelimited } from "./scalars.ts";

/** How deep messages may nest, as in the C++ and Java parsers. */
const maxDepth = 100;

/** How bytes are read as a message. */
export interface DecodeOptions {
  /** Called for each field that the type does not know; its bytes are skipped. */
  readonly onUnknownField?: (typeName: string, fieldNumber: number) => void;
}

type Fields = Record<string, unknown>;

/** Reads one whole message. Throws DecodeError, its path starting below `plan`'s own type. */
export function readMessage(bytes: Buffer, plan: MessagePlan, options: DecodeOptions): Message {
  const message: Fields = {};
  new Decoding(bytes, options).fields(plan, message, maxDepth);
  return message;
}

/** One run over one buffer. */
class Decoding {
  readonly #reader: ByteReader;
  readonly #options: DecodeOptions;

  constructor(bytes: Buffer, options: DecodeOptions) {
    this.#reader = new ByteReader(bytes);
    this.#options = options;
  }

  /** Reads fields up to the reader's end into `message`; later values win, messages merge. */
  fields(plan: MessagePlan, message: Fields, depth: number): void {
    const reader = this.#reader;
    while (reader.position < reader.end) {
      const tag = reader.uint32();
      const field = plan.byNumber.get(tag >>> 3);
      if (field && (tag === field.tag || tag === field.valueTag || isPackedForm(tag, field))) {
        try {
          this.#field(field, tag, message, depth);
        } catch (cause) {
          if (!(cause instanceof DecodeError)) throw cause;
          throw cause.within(segmentOf(field, message));
        }
      } else {
        if (tag >>> 3 === 0) throw new DecodeError("", "field number 0 is not valid");
        reader.skip(tag, depth);
        this.#options.onUnknownField?.(plan.name, tag >>> 3);
      }
    }
  }

  #field(field: FieldPlan, tag: number, message: Fields, depth: number): void {
    const { name, value } = field;
    if (field.shape === "single") {
      for (const rival of field.rivals) if (message[rival] !== undefined) delete message[rival];
      const read = this.#value(value, message[name], depth);
      if (!field.field.hasPresence && value.kind !== "message" && value.codec.isDefault(read)) {
        delete message[name];
      } else {
        message[name] = read;
      }
      return;
    }
    if (field.shape === "map") {
      const known = message[name];
      const entries = isRecord(known) ? known : {};
      message[name] = entries;
      this.#entry(field, entries, depth);
      return;
    }
    if (isPackedForm(tag, field)) {
      this.#packed(field, message);
      return;
    }
    const list = message[name];
    const item = this.#value(value, undefined, depth);
    if (Array.isArray(list)) list.push(item);
    else message[name] = [item];
  }

  #value(plan: ValuePlan, previous: unknown, depth: number): unknown {
    if (plan.kind !== "message") return plan.codec.read(this.#reader);
    if (depth <= 1) throw new DecodeError("", `messages are nested more than ${maxDepth} deep`);
    const message = isRecord(previous) ? previous : {};
    const end = this.#reader.enter();
    this.fields(plan.message(), message, depth - 1);
    this.#reader.end = end;
    return message;
  }

  #packed(field: FieldPlan, message: Fields): void {
    const plan = field.value;
    if (plan.kind === "message") return;
    const known = message[field.name];
    const items: unknown[] = Array.isArray(known) ? known : [];
    const end = this.#reader.enter();
    while (this.#reader.position < this.#reader.end) items.push(plan.codec.read(this.#reader));
    this.#reader.end = end;
    if (items.length > 0) message[field.name] = items;
  }

  #entry(field: FieldPlan, entries: Fields, depth: number): void {
    const key = field.key!;
    const reader = this.#reader;
    let name: unknown;
    let value: unknown;
    const end = reader.enter();
    while (reader.position < reader.end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1 && (tag & 7) === key.codec.wireType) name = key.codec.read(reader);
      else if (tag >>> 3 === 2 && (tag & 7) === wireTypeOf(field.value)) {
        value = this.#value(field.value, value, depth);
      } else reader.skip(tag, depth);
    }
    reader.end = end;
    const fallback = field.value.kind === "message" ? {} : field.value.codec.defaultValue;
    setOwn(entries, String(name ?? key.codec.defaultValue), value ?? fallback);
  }
}

/** A length-delimited tag on a repeated number: several values in a row. */
function isPackedForm(tag: number, field: FieldPlan): boolean {
  if ((tag & 7) !== wireDelimited || wireTypeOf(field.value) === wireDelimited) return false;
  return field.shape === "packed" || field.shape === "repeated";
}

function segmentOf(field: FieldPlan, message: Fields): string {
  const value = message[field.name];
  if (field.shape === "repeated") return `${field.name}[${Array.isArray(value) ? value.length : 0}]`;
  return field.name;
}
