/** One packet as it was captured. */
export interface Frame {
  readonly kind: "frame";
  /** From 1, as Wireshark counts. */
  readonly number: number;
  /** A link type of tcpdump.org/linktypes.html. */
  readonly linkType: number;
  /** A view of the capture, cut at its snapshot length. */
  readonly bytes: Buffer;
}

/** What is wrong with the capture itself; nothing is read behind it. `offset` counts from the file's first byte. */
export interface CaptureProblem {
  readonly kind: "problem";
  readonly offset: number;
  readonly message: string;
}
