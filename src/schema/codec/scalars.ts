import type { ScalarKind } from "../descriptor.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { halvesOf } from "./int64.ts";

export const wireVarint = 0;
const wireFixed64 = 1;
export const wireDelimited = 2;
const wireFixed32 = 5;

/** How one scalar kind goes to and from the wire. */
export interface ScalarCodec {
  readonly wireType: number;
  /** What a map entry has that leaves its key or value out. */
  readonly defaultValue: unknown;
  write(writer: ByteWriter, value: unknown): void;
  read(reader: ByteReader): unknown;
  /** True for the value that a field without presence leaves out. -0.0 is not one: its bits are not zero. */
  isDefault(value: unknown): boolean;
}

function integer(value: unknown, min: number, max: number): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new RangeError(`${String(value)} is not an integer from ${min} to ${max}`);
}

const int32 = (value: unknown) => integer(value, -2147483648, 2147483647);
const uint32 = (value: unknown) => integer(value, 0, 4294967295);

function float(value: unknown): number {
  if (typeof value === "number") return value;
  throw new RangeError(`${String(value)} is not a number`);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new RangeError(`expected a string, found ${typeof value}`);
}

function binary(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new RangeError(`expected a Buffer, found ${typeof value}`);
}

const isZero = (value: unknown) => Object.is(value, 0);
const isZero64 = (value: unknown) => value === "0" || value === 0;

function varint64(isSigned: boolean): ScalarCodec {
  return {
    wireType: wireVarint,
    write: (writer, value) => {
      const { low, high } = halvesOf(value, isSigned);
      writer.varint64(low, high);
    },
    read: (reader) => {
      reader.varint64();
      return reader.decimal(isSigned);
    },
    defaultValue: "0",
    isDefault: isZero64,
  };
}

function fixed64(isSigned: boolean): ScalarCodec {
  return {
    wireType: wireFixed64,
    write: (writer, value) => {
      const { low, high } = halvesOf(value, isSigned);
      writer.fixed64(low, high);
    },
    read: (reader) => {
      reader.fixed64();
      return reader.decimal(isSigned);
    },
    defaultValue: "0",
    isDefault: isZero64,
  };
}

const sint64: ScalarCodec = {
  wireType: wireVarint,
  write: (writer, value) => {
    const { low, high } = halvesOf(value, true);
    const sign = (high | 0) >> 31;
    writer.varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign);
  },
  read: (reader) => {
    reader.varint64();
    const sign = -(reader.low & 1);
    const low = ((reader.low >>> 1) | (reader.high << 31)) ^ sign;
    reader.high = ((reader.high >>> 1) ^ sign) >>> 0;
    reader.low = low >>> 0;
    return reader.decimal(true);
  },
  defaultValue: "0",
  isDefault: isZero64,
};

/** The wire form of every scalar kind (protobuf encoding guide, "Message Structure" and "More Integer Types"). */
export const scalarCodecs: Readonly<Record<ScalarKind, ScalarCodec>> = {
  double: {
    wireType: wireFixed64,
    write: (writer, value) => writer.double(float(value)),
    read: (reader) => reader.bytes.readDoubleLE(reader.take(8)),
    defaultValue: 0,
    isDefault: isZero,
  },
  float: {
    wireType: wireFixed32,
    write: (writer, value) => writer.float(float(value)),
    read: (reader) => reader.bytes.readFloatLE(reader.take(4)),
    defaultValue: 0,
    isDefault: isZero,
  },
  int32: {
    wireType: wireVarint,
    write: (writer, value) => {
      const number = int32(value);
      if (number < 0) writer.varint64(number, 0xffffffff);
      else writer.uint32(number);
    },
    read: (reader) => reader.uint32() | 0,
    defaultValue: 0,
    isDefault: isZero,
  },
  int64: varint64(true),
  uint32: {
    wireType: wireVarint,
    write: (writer, value) => writer.uint32(uint32(value)),
    read: (reader) => reader.uint32(),
    defaultValue: 0,
    isDefault: isZero,
  },
  uint64: varint64(false),
  sint32: {
    wireType: wireVarint,
    write: (writer, value) => {
      const number = int32(value);
      writer.uint32((number << 1) ^ (number >> 31));
    },
    read: (reader) => {
      const zigzag = reader.uint32();
      return (zigzag >>> 1) ^ -(zigzag & 1);
    },
    defaultValue: 0,
    isDefault: isZero,
  },
  sint64,
  fixed32: {
    wireType: wireFixed32,
    write: (writer, value) => writer.fixed32(uint32(value)),
    read: (reader) => reader.bytes.readUInt32LE(reader.take(4)),
    defaultValue: 0,
    isDefault: isZero,
  },
  fixed64: fixed64(false),
  sfixed32: {
    wireType: wireFixed32,
    write: (writer, value) => writer.fixed32(int32(value)),
    read: (reader) => reader.bytes.readInt32LE(reader.take(4)),
    defaultValue: 0,
    isDefault: isZero,
  },
  sfixed64: fixed64(true),
  bool: {
    wireType: wireVarint,
    write: (writer, value) => {
      if (typeof value !== "boolean") throw new RangeError(`expected a bool, found ${typeof value}`);
      writer.uint32(value ? 1 : 0);
    },
    read: (reader) => {
      reader.varint64();
      return reader.low !== 0 || reader.high !== 0;
    },
    defaultValue: false,
    isDefault: (value) => value === false,
  },
  string: {
    wireType: wireDelimited,
    write: (writer, value) => writer.string(text(value)),
    read: (reader) => reader.string(),
    defaultValue: "",
    isDefault: (value) => value === "",
  },
  bytes: {
    wireType: wireDelimited,
    write: (writer, value) => writer.bytes(binary(value)),
    read: (reader) => reader.slice(),
    defaultValue: Buffer.alloc(0),
    isDefault: (value) => value instanceof Uint8Array && value.length === 0,
  },
};
