import { HpackDecoder } from "../../data-plane/http2/hpack-decoder.ts";
import type { JsonObject } from "../kit/json.ts";
import { fields, frame, frameNames, frameType, RawHttp2 } from "../kit/raw-http2.ts";
import { until } from "../kit/within.ts";
import type { Stage } from "./stage.ts";

export { fields, number, repeat, setting } from "../kit/raw-http2.ts";

const decoding = { maxHeaders: 1000, maxHeadBytes: 1 << 20, maxFieldBytes: 1 << 20 };

/** The pseudo headers of a request. */
export const pseudo = (path = "/direct", method = "GET"): readonly string[] => [
  ":method",
  method,
  ":scheme",
  "http",
  ":path",
  path,
  ":authority",
  "a",
];

/** HEADERS of a request without a body. */
export const request = (
  streamId: number,
  path?: string,
  more: readonly string[] = [],
  method?: string,
): Buffer => frame(frameType.headers, 5, streamId, fields(...pseudo(path, method), ...more));

/** HEADERS of a request whose body follows. */
export const post = (streamId: number, path?: string, more: readonly string[] = []): Buffer =>
  frame(frameType.headers, 4, streamId, fields(...pseudo(path, "POST"), ...more));

export const data = (streamId: number, text: string, isLast = false): Buffer =>
  frame(frameType.data, isLast ? 1 : 0, streamId, Buffer.from(text));

/** When enough has been heard: the streams are over, or the connection is. */
export type Until = "closed" | readonly number[];

/** One stream as far as it was heard. */
interface HeardStream {
  readonly heads: (readonly string[])[];
  body: string;
  end: string;
}

/** What was said on a connection by the server, the framing of the data aside. */
function told(client: RawHttp2): { streams: ReadonlyMap<number, HeardStream>; others: readonly string[] } {
  const decoder = new HpackDecoder(4096);
  const streams = new Map<number, HeardStream>();
  const others: string[] = [];
  for (const { type, streamId, payload, flags } of client.frames) {
    const known = streams.get(streamId) ?? { heads: [], body: "", end: "open" };
    if (type === frameType.headers) {
      const decoded = decoder.decode(payload, decoding);
      const flat = decoded.kind === "headers" ? decoded.flat : [decoded.kind];
      known.heads.push(flat.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${flat[at + 1] ?? ""}`] : [])));
    }
    if (type === frameType.data) known.body += payload.toString("latin1");
    if (type === frameType.rstStream) known.end = `${known.end} and reset ${payload.readUInt32BE(0)}`;
    if (type === frameType.data || type === frameType.headers) {
      if (flags & 1) known.end = "whole";
      streams.set(streamId, known);
    } else if (type === frameType.rstStream) streams.set(streamId, known);
    else if (type === frameType.goAway) {
      const text = payload.toString("latin1", 8);
      others.push(`GOAWAY ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)} ${text}`.trimEnd());
    } else if (type === frameType.ping) others.push("PING");
    else if (type !== frameType.settings && type !== frameType.windowUpdate)
      others.push(frameNames[type] ?? `${type}`);
  }
  return { streams, others };
}

/** Says the frames on a connection of its own, and tells what came back. */
export async function talk(
  stage: Stage,
  frames: readonly Buffer[],
  heard: Until = [1],
  { listener = "in", first }: { readonly listener?: string; readonly first?: Buffer } = {},
): Promise<JsonObject> {
  using client = new RawHttp2(await stage.listenerPort(listener));
  let isClosed = false;
  void client.closed.then(() => (isClosed = true));
  if (first) client.write(first);
  else client.begin();
  client.write(...frames);
  const isOver = () => {
    if (isClosed) return true;
    if (heard === "closed") return undefined;
    const { streams } = told(client);
    const ends = heard.map((id) => streams.get(id)?.end ?? "open");
    return ends.every((end) => end !== "open") || undefined;
  };
  await until(5000, () => `${JSON.stringify(heard)}: ${JSON.stringify(shown(client))}`, isOver);
  return isClosed ? { ...shown(client), closed: true } : shown(client);
}

function shown(client: RawHttp2): JsonObject {
  const { streams, others } = told(client);
  const entries = [...streams].map(([id, { heads, body, end }]) => [
    `stream ${id}`,
    { heads, ...(body !== "" && { body }), end },
  ]);
  return { ...Object.fromEntries(entries), ...(others.length > 0 && { others: [...new Set(others)] }) };
}

/** Talks one connection for each entry, and tells what came of each. */
export async function talkEach(
  stage: Stage,
  entries: Readonly<Record<string, readonly Buffer[]>>,
  heard: Until,
  listener = "in",
): Promise<JsonObject> {
  const outcomes = await Promise.all(
    Object.entries(entries).map(
      async ([name, frames]) => [name, await talk(stage, frames, heard, { listener })] as const,
    ),
  );
  return Object.fromEntries(outcomes);
}
