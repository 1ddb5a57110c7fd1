import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Descriptors, EnumDescriptor, MessageDescriptor } from "./descriptor.ts";
import { Schema } from "./schema.ts";

/**
 * Reads the descriptor bundle that the build made: every type of the Envoy v3 API and what it refers to.
 *
 * Costs some twenty milliseconds and a few megabytes, so call it once in a process and pass the result on.
 *
 * @throws Error when the bundle is not there, which means that `npm run generate` has not run
 */
export function loadDescriptors(): Descriptors {
  const path = fileURLToPath(import.meta.resolve("#root/src/schema/generated/descriptors.json.gz"));
  const bundle: Bundle = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
  return { messages: byName(bundle.messages), enums: byName(bundle.enums) };
}

/** The Envoy API, ready for use: `loadDescriptors` as a Schema. */
export function loadSchema(): Schema {
  return new Schema(loadDescriptors());
}

/** The shape of the bundle: the descriptors in order of their names. */
interface Bundle {
  readonly messages: readonly MessageDescriptor[];
  readonly enums: readonly EnumDescriptor[];
}

function byName<T extends { readonly name: string }>(types: readonly T[]): ReadonlyMap<string, T> {
  return new Map(types.map((type) => [type.name, type]));
}
