import type { CaptureProblem, Frame } from "./frame.ts";

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const leastBlockBytes = 12;

/** The packets of a pcapng file (draft-ietf-opsawg-pcapng): its enhanced and simple packet blocks, of all sections. */
export function* readPcapng(file: Buffer): Generator<Frame | CaptureProblem> {
  let isLittle = true;
  let linkTypes: number[] = [];
  let number = 1;
  const u32 = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const u16 = (at: number) => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  for (let at = 0; at < file.length;) {
    const cut = { kind: "problem", offset: at, message: "the capture ends inside a block" } as const;
    if (at + leastBlockBytes > file.length) {
      yield cut;
      return;
    }
    // The type of a section header reads the same in both byte orders, and its magic says which one it is.
    if (file.readUInt32BE(at) === SECTION) {
      isLittle = file.readUInt32LE(at + 8) === 0x1a2b3c4d;
      linkTypes = [];
    }
    const [type, length] = [u32(at), u32(at + 4)];
    const end = at + length;
    if (length < leastBlockBytes || length % 4 !== 0) {
      yield { kind: "problem", offset: at + 4, message: `a block of ${length} bytes cannot be` };
      return;
    }
    if (end > file.length) {
      yield cut;
      return;
    }
    if (type === INTERFACE) linkTypes.push(u16(at + 8));
    if (type === ENHANCED_PACKET || type === SIMPLE_PACKET) {
      const isSimple = type === SIMPLE_PACKET;
      const start = at + (isSimple ? 12 : 28);
      const linkType = linkTypes[isSimple || start > end ? 0 : u32(at + 8)];
      if (start > end || linkType === undefined) {
        yield {
          kind: "problem",
          offset: at,
          message: `packet ${number} names no interface that there is`,
        };
        return;
      }
      // A simple one says how long the packet was, not how much of it is here.
      const captured = isSimple ? Math.min(u32(at + 8), length - 16) : u32(at + 20);
      if (start + captured > end - 4) {
        yield cut;
        return;
      }
      yield { kind: "frame", number, linkType, bytes: file.subarray(start, start + captured) };
      number += 1;
    }
    at = end;
  }
}
