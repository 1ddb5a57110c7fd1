/**
 * The Envoy API as data: what the bundle made at build time, a FileDescriptorSet, and parsed .proto files all
 * turn into. Everything else in `src/schema` (codec, YAML and JSON mapping, field rules) interprets these.
 */

export type ScalarKind =
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** What one value of a field is. */
export type FieldKind =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "message"; readonly name: string }
  /** A map field; the key is any scalar but floats and bytes, the value anything but a map. */
  | { readonly kind: "map"; readonly key: ScalarKind; readonly value: Exclude<FieldKind, { kind: "map" }> };

/** A field of a message. */
export interface FieldDescriptor {
  /** The proto name: `connect_timeout`. */
  readonly name: string;
  /** The lowerCamelCase name of the JSON mapping: `connectTimeout`. */
  readonly jsonName: string;
  readonly number: number;
  readonly type: FieldKind;
  readonly isRepeated: boolean;
  /** Packed on the wire when written (proto3 repeated numbers and enums). Both forms are read. */
  readonly isPacked: boolean;
  /** True for message fields, members of a oneof and proto3 `optional`: set and default differ. */
  readonly hasPresence: boolean;
  /** Name of the real oneof that it belongs to; absent for proto3 `optional`. */
  readonly oneof?: string;
  /** What its .proto file says of it, in one line. The types of others come without: their texts would be most of the bundle. */
  readonly comment?: string;
  readonly isDeprecated?: boolean;
  /** `(envoy.annotations.disallowed_by_default)`: Envoy refuses a value unless its runtime allows deprecated features. */
  readonly isDisallowed?: boolean;
  /** `(udpa.annotations.sensitive)`: the value is a secret and is never shown. */
  readonly isSensitive?: boolean;
  readonly rules?: FieldRules;
}

/** A oneof of a message. */
export interface OneofDescriptor {
  readonly name: string;
  /** `option (validate.required) = true`. */
  readonly isRequired: boolean;
}

/** A message type. */
export interface MessageDescriptor {
  /** Full name without a leading dot: `envoy.config.cluster.v3.Cluster.CommonLbConfig`. */
  readonly name: string;
  /** In order of field number. */
  readonly fields: readonly FieldDescriptor[];
  readonly oneofs: readonly OneofDescriptor[];
  /** `option (validate.disabled)` or `(validate.ignored)`: rules of this message are off. */
  readonly rulesDisabled?: boolean;
}

/** An enum type. */
export interface EnumDescriptor {
  readonly name: string;
  /** First the value that is the default, then by number; aliases follow the name that output uses. */
  readonly values: readonly EnumValue[];
}

/** A value of an enum. */
export interface EnumValue {
  readonly name: string;
  readonly number: number;
  /** `(envoy.annotations.disallowed_by_default_enum)`, as for fields. */
  readonly isDisallowed?: boolean;
}

/**
 * protoc-gen-validate rules of one field, in the shape of `validate.FieldRules`: at most one of the typed rule
 * sets, with the names and values of validate.proto (`{string: {min_len: 1}}`, `{repeated: {items: {...}}}`).
 * 64-bit numbers are decimal strings, durations `{seconds, nanos}`, bytes base64.
 */
export type FieldRules = Readonly<Record<string, unknown>>;

/** A closed set of types: every name that a field mentions is in it. */
export interface Descriptors {
  readonly messages: ReadonlyMap<string, MessageDescriptor>;
  readonly enums: ReadonlyMap<string, EnumDescriptor>;
}
