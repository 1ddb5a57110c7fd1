import type { Holding } from "../xds/trace.ts";

/** What one open stream of a node should hold or holds. */
export interface StreamHoldings {
  /** The higher, the newer. */
  readonly streamId: number;
  /** The client has not taken yet what was written last. */
  readonly isWriting: boolean;
  readonly holdings: readonly Holding[];
}

/** A resource that a node should hold or holds, and the stream that tells so. */
export interface NodeHolding extends Holding, Pick<StreamHoldings, "streamId" | "isWriting"> {}

/** What a node should hold or holds. Of several streams with one type the newest counts (XDS-9). */
export function nodeHoldings(streams: readonly StreamHoldings[]): readonly NodeHolding[] {
  const newest = new Map<string, number>();
  for (const { streamId, holdings } of streams) {
    for (const { typeUrl } of holdings) newest.set(typeUrl, Math.max(streamId, newest.get(typeUrl) ?? 0));
  }
  return streams.flatMap(({ streamId, isWriting, holdings }) =>
    holdings
      .filter(({ typeUrl }) => newest.get(typeUrl) === streamId)
      .map((holding) => ({ ...holding, streamId, isWriting })),
  );
}
