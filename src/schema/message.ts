/**
 * A message of any type, as one plain sparse object. This is the only in-memory form in the code base:
 *
 * - keys are the proto field names (snake_case); only fields that are set are there, and an unset field is an
 *   absent key, never `null`, `undefined` or a default of implicit presence;
 * - enums are their value names, or the number when the schema does not know it;
 * - 64-bit integers are decimal strings, other numbers are numbers; bytes are `Buffer`s;
 * - repeated fields are arrays, maps are plain objects; neither is ever present and empty;
 * - `google.protobuf.Any` is `{type_url, value}`, `value` being canonical bytes; well-known types (Duration,
 *   Struct, wrappers) are the plain messages that they are on the wire (`{seconds: "1"}`, `{value: true}`).
 *
 * It is the shape that the generated types in `generated/api` describe (proto-loader-gen-types with keepCase,
 * longs and enums as strings), so a decoded Cluster *is* a typed `Cluster__Output`.
 */
export type Message = Readonly<Record<string, unknown>>;
