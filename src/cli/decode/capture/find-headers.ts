import { unreachable } from "../../../base/unreachable.ts";
import { captureFormatOf } from "./capture-format.ts";
import type { Frame, CaptureProblem } from "./frame.ts";
import { readPcap } from "./read-pcap.ts";
import { readPcapng } from "./read-pcapng.ts";
import { StreamStart } from "./stream-start.ts";
import { isKnownLinkType, tcpSegmentOf } from "./tcp-segment.ts";

/** The start of one direction of a connection. */
export interface CapturedStream {
  readonly from: string;
  readonly to: string;
  /** Of the packet with its first payload, as Wireshark counts. */
  readonly frame: number;
  /** Its first bytes, at most as many as the longest header has. */
  readonly bytes: Buffer;
}

export interface SearchedCapture {
  /** Directions in which something was sent, in the order of their first payload. */
  readonly streams: readonly CapturedStream[];
  readonly frames: number;
  /** What could not be read: a file that ends too soon, link types that are not known. */
  readonly problems: readonly string[];
}

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly start: StreamStart;
  frame: number | undefined;
}

/** What was sent first in each direction of each TCP connection of a pcap or pcapng file. */
export function searchCapture(file: Buffer): SearchedCapture {
  const flows: Flow[] = [];
  const open = new Map<string, Flow>();
  const problems = new Set<string>();
  let frames = 0;
  for (const item of framesOf(file)) {
    if (item.kind === "problem") {
      problems.add(`byte ${item.offset}: ${item.message}`);
      continue;
    }
    frames += 1;
    if (!isKnownLinkType(item.linkType)) problems.add(`packets of link type ${item.linkType} cannot be read`);
    const segment = tcpSegmentOf(item);
    if (!segment) continue;
    const key = `${segment.from} ${segment.to}`;
    let flow = open.get(key);
    // The same ports again are another connection, unless it is the same SYN once more.
    if (!flow || (segment.isSyn && flow.frame !== undefined)) {
      flow = { from: segment.from, to: segment.to, start: new StreamStart(), frame: undefined };
      open.set(key, flow);
      flows.push(flow);
    }
    if (segment.payload.length > 0) flow.frame ??= item.number;
    flow.start.add(segment);
  }
  const streams = flows.flatMap(({ from, to, start, frame }) =>
    frame === undefined ? [] : [{ from, to, frame, bytes: start.bytes() }],
  );
  return { streams: streams.toSorted((a, b) => a.frame - b.frame), frames, problems: [...problems] };
}

function framesOf(file: Buffer): Iterable<Frame | CaptureProblem> {
  const format = captureFormatOf(file);
  switch (format) {
    case "pcap":
      return readPcap(file);
    case "pcapng":
      return readPcapng(file);
    case undefined:
      return [{ kind: "problem", offset: 0, message: "this is no pcap or pcapng file" }];
    default:
      return unreachable(format);
  }
}
