import type { MessageTypes } from "../schema/api.ts";
import { decodeOnce } from "../config/decode-once.ts";
import { fieldPath, itemPath, keyPath } from "../schema/path.ts";
import type { Schema } from "../schema/schema.ts";
import { typeNameOf } from "../schema/type-urls.ts";

/** A part of a resource and the path that leads to it, so that a finding can be shown at its line. */
export interface Located<T> {
  readonly value: T;
  readonly path: string;
}

type Item<T> = T extends readonly (infer Element)[] ? Element : never;

/** A field that is set. */
export function field<T extends object, K extends keyof T & string>(
  at: Located<T>,
  name: K,
): Located<NonNullable<T[K]>> | undefined {
  const value = at.value[name];
  return value === undefined || value === null ? undefined : { value, path: fieldPath(at.path, name) };
}

/** The items of a repeated field; none when it is not set. */
export function items<T extends object, K extends keyof T & string>(
  at: Located<T>,
  name: K,
): readonly Located<Item<NonNullable<T[K]>>>[] {
  const value = at.value[name];
  if (!Array.isArray(value)) return [];
  return value.map((item: Item<NonNullable<T[K]>>, index) => ({
    value: item,
    path: itemPath(fieldPath(at.path, name), index),
  }));
}

/** The value of a map field under a key. */
export function mapValue<T>(
  at: Located<Readonly<Record<string, T>>> | undefined,
  key: string,
): Located<T> | undefined {
  if (!at || !Object.hasOwn(at.value, key)) return undefined;
  return { value: at.value[key]!, path: keyPath(at.path, key) };
}

interface AnyLike {
  readonly type_url?: string;
  readonly value?: Buffer | Uint8Array | string;
}

/** What an Any holds, if it holds that type. */
export function unpack<Name extends keyof MessageTypes>(
  schema: Schema,
  any: Located<AnyLike> | undefined,
  typeName: Name,
): Located<MessageTypes[Name]> | undefined {
  if (!any || typeNameOf(any.value.type_url ?? "") !== typeName) return undefined;
  const { value = Buffer.alloc(0) } = any.value;
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value);
  return { value: decodeOnce(schema, typeName, bytes), path: any.path };
}
