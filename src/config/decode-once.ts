import type { Message } from "../schema/message.ts";
import type { Schema } from "../schema/schema.ts";

// A memo and nothing else: schema and bytes are immutable, and an entry goes when the bytes do.
const memo = new WeakMap<Schema, WeakMap<Buffer, Message>>();

/**
 * What bytes say, decoded the first time. For bytes of resources and of the Anys inside them, which checks look at
 * again for each revision although few of them change. Bytes are always asked for as the same type.
 */
export function decodeOnce(schema: Schema, typeName: string, bytes: Buffer): Message {
  let known = memo.get(schema);
  if (!known) {
    known = new WeakMap();
    memo.set(schema, known);
  }
  let message = known.get(bytes);
  if (!message) {
    message = schema.decode(typeName, bytes);
    known.set(bytes, message);
  }
  return message;
}
