import { DecodeError } from "../schema/codec/decode-error.ts";
import type { Schema } from "../schema/schema.ts";
import { typeNameOf } from "../schema/type-urls.ts";
import { referencesOf } from "./references.ts";
import type { Resource } from "./resource.ts";

/**
 * Tells what a resource names that its node looks up with the same management server: what `referencesOf` of an
 * `AdsServer` is to be. A type that the schema does not know, or bytes that it cannot read, name nothing.
 */
export function envoyReferences(schema: Schema): (resource: Resource) => readonly Served[] {
  return (resource) => {
    if (!schema.descriptors.messages.has(typeNameOf(resource.typeUrl))) return [];
    const served = new Map<string, Served>();
    for (const { typeUrl, name, lookup } of readReferences(schema, resource)) {
      if (lookup === "served") served.set(`${typeUrl}\0${name}`, { typeUrl, name });
    }
    return [...served.values()];
  };
}

/** A resource by type and name. */
interface Served {
  readonly typeUrl: string;
  readonly name: string;
}

function readReferences(schema: Schema, resource: Resource) {
  try {
    return referencesOf(schema, resource);
  } catch (error) {
    // A program may serve bytes that are no such message; what they would name is nobody's to say.
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
