import type { ScalarKind } from "./descriptor.ts";

/** The wrapper types (wrappers.proto) and the kind of their one field, `value`, which is also their JSON form. */
export const wrapperKinds: ReadonlyMap<string, ScalarKind> = new Map([
  ["google.protobuf.DoubleValue", "double"],
  ["google.protobuf.FloatValue", "float"],
  ["google.protobuf.Int64Value", "int64"],
  ["google.protobuf.UInt64Value", "uint64"],
  ["google.protobuf.Int32Value", "int32"],
  ["google.protobuf.UInt32Value", "uint32"],
  ["google.protobuf.BoolValue", "bool"],
  ["google.protobuf.StringValue", "string"],
  ["google.protobuf.BytesValue", "bytes"],
]);

const others: ReadonlySet<string> = new Set([
  "google.protobuf.Any",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Timestamp",
  "google.protobuf.Value",
]);

/** Types that stand in an Any under "value". google.protobuf.Empty is not one of them (any.proto, and Envoy). */
export function hasOwnForm(typeName: string): boolean {
  return wrapperKinds.has(typeName) || others.has(typeName);
}
