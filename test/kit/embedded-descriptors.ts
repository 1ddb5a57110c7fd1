/**
 * The .proto files of a program that links protobuf for C++, as one serialized FileDescriptorSet. Such a program keeps
 * each file's descriptor in its read-only data, with nothing to mark where it ends.
 */
export function embeddedDescriptors(program: Buffer): Buffer {
  const found = new Map<string, Buffer>();
  for (const match of program.toString("latin1").matchAll(firstField)) {
    const [, length = "", name = ""] = match;
    if (length.charCodeAt(0) !== name.length) continue;
    const file = program.subarray(match.index, endOfFile(program, match.index));
    if (file.length > (found.get(name)?.length ?? 0)) found.set(name, file);
  }
  // A set is nothing but the repeated field 1.
  return Buffer.concat([...found.values()].flatMap((file) => [Buffer.from([0x0a, ...lengthOf(file)]), file]));
}

// The name is the first field (tag 1 and one byte of length), the package the second.
// oxlint-disable-next-line no-control-regex -- bytes, not text
const firstField = /\n([\x08-\x7f])([\w/]{4,120}\.proto)\x12/g;

/** All fields of FileDescriptorProto; lists of numbers are varints, the rest is length-delimited. */
const fields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]);

/** Where the bytes are no field of a FileDescriptorProto any more, or a second name begins. */
function endOfFile(program: Buffer, start: number): number {
  for (let position = start; ;) {
    const [tag, afterTag] = varint(program, position);
    const number = tag >>> 3;
    if (!fields.has(number) || (number === 1 && position > start)) return position;
    const [value, afterValue] = varint(program, afterTag);
    if ((tag & 7) === 2) position = afterValue + value;
    else if ((tag & 7) === 0) position = afterValue;
    else return position;
  }
}

/** The value and the position after it; numbers beyond 32 bits do not occur in what is read here. */
function varint(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  for (let position = start, shift = 0; ; position++, shift += 7) {
    const byte = bytes[position] ?? 0;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, position + 1];
  }
}

/** The size of a file as a varint. */
function lengthOf({ length }: Buffer): number[] {
  const bytes = [];
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
