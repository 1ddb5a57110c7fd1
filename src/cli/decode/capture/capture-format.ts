/** The file formats of tcpdump and Wireshark. */
export type CaptureFormat = "pcap" | "pcapng";

/** Of microseconds and nanoseconds, in both byte orders, and the type of a section header, which reads the same in both. */
const formats: ReadonlyMap<string, CaptureFormat> = new Map([
  ["a1b2c3d4", "pcap"],
  ["d4c3b2a1", "pcap"],
  ["a1b23c4d", "pcap"],
  ["4d3cb2a1", "pcap"],
  ["0a0d0d0a", "pcapng"],
]);

/** Told by the magic number that a capture begins with; undefined for what is none. */
export function captureFormatOf(file: Buffer): CaptureFormat | undefined {
  return formats.get(file.toString("hex", 0, 4));
}
