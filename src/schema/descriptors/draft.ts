import type { EnumDescriptor, OneofDescriptor, ScalarKind } from "../descriptor.ts";

/**
 * A .proto file before its names are resolved: what the parser and a FileDescriptorSet both turn into, and what
 * `linkFiles` makes descriptors of.
 */
export interface DraftFile {
  /** The path that other files import it by: `envoy/config/cluster/v3/cluster.proto`. */
  readonly name: string;
  /** The proto package; empty for none. */
  readonly package: string;
  readonly imports: readonly string[];
  /** Nested messages stand beside their parents, each with its full name. */
  readonly messages: readonly DraftMessage[];
  readonly enums: readonly EnumDescriptor[];
}

export interface DraftMessage {
  /** Full name without a leading dot. */
  readonly name: string;
  readonly fields: readonly DraftField[];
  readonly oneofs: readonly OneofDescriptor[];
  readonly rulesDisabled: boolean;
}

export interface DraftField {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: DraftType;
  readonly isRepeated: boolean;
  /** As the syntax and the `packed` option say it; it only takes effect on types that can be packed. */
  readonly wantsPacked: boolean;
  /** As the syntax says it for scalars; message fields have presence always. */
  readonly hasPresence: boolean;
  readonly oneof?: string;
  /** What its .proto file says of it, in one line. */
  readonly comment?: string;
  readonly isDeprecated: boolean;
  readonly isDisallowed: boolean;
  readonly isSensitive: boolean;
  /** The value of `(validate.rules)` as the parser gives it: names and raw values, in parts when set in parts. */
  readonly rules?: unknown;
}

export type DraftType =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind }
  /** A message or an enum, by a name that is absolute (leading dot) or relative to the message that holds it. */
  | { readonly kind: "named"; readonly name: string }
  /** A group of proto2, or a message field that is `DELIMITED`: no part of the Envoy API, and not supported. */
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "map"; readonly key: ScalarKind; readonly value: DraftValueType };

export type DraftValueType = Exclude<DraftType, { kind: "map" }>;

const scalars: ReadonlySet<string> = new Set<ScalarKind>([
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
]);

/** True for the names of the fifteen scalar types. */
export function isScalarKind(name: string): name is ScalarKind {
  return scalars.has(name);
}

/**
 * The lowerCamelCase name of the JSON mapping, as protoc computes it: an underscore goes, and the letter after it
 * is upper case.
 */
export function jsonNameOf(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
