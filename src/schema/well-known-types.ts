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
