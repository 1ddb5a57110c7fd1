import type { CaptureProblem, Frame } from "./frame.ts";

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

/** The packets of a pcap file (draft-ietf-opsawg-pcap), of either byte order and either clock. */
export function* readPcap(file: Buffer): Generator<Frame | CaptureProblem> {
  if (file.length < fileHeaderBytes) {
    yield { kind: "problem", offset: file.length, message: "the capture ends inside its own header" };
    return;
  }
  const isLittle = file[0] !== 0xa1;
  const u32 = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  // The upper bits say how long frame check sequences are.
  const linkType = u32(20) & 0xffff;
  let number = 1;
  for (let at = fileHeaderBytes; at < file.length; number += 1) {
    const start = at + recordHeaderBytes;
    const end = start <= file.length ? start + u32(at + 8) : Infinity;
    if (end > file.length) {
      yield { kind: "problem", offset: at, message: `the capture ends inside packet ${number}` };
      return;
    }
    yield { kind: "frame", number, linkType, bytes: file.subarray(start, end) };
    at = end;
  }
}
