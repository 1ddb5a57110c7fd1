import type { CodecError } from "../../../data-plane/http-codec/codec-error.ts";
import { MessageReader } from "../../../data-plane/http-codec/message-reader.ts";
import { readRequestLine, readStatusLine } from "../../../data-plane/http-codec/start-line.ts";
import type { HeaderList } from "../../../data-plane/network/header-list.ts";

/** One message as it was read. */
export interface TracedMessage {
  readonly line: object;
  readonly headers: readonly string[];
  body: string;
  trailers: readonly string[] | undefined;
  isWhole: boolean;
}

export interface Trace {
  readonly messages: readonly TracedMessage[];
  readonly error: CodecError | undefined;
}

export const envoyLimits = { maxHeadBytes: 60 * 1024, maxHeaders: 100 };

/** Reads all messages in the pieces given. */
export function traceRequests(pieces: readonly Buffer[]): Trace {
  const { sink, messages } = recorder(() => "body");
  const reader = new MessageReader(readRequestLine, true, envoyLimits, sink);
  feed(reader, pieces);
  return { messages, error: reader.error };
}

/** Reads all responses to GET requests; the connection ends behind the last piece. */
export function traceResponses(pieces: readonly Buffer[]): Trace & { readonly endsWell: boolean } {
  const { sink, messages } = recorder((line) => {
    const status = "status" in line ? Number(line.status) : 0;
    if (status === 101) return "tunnel";
    if (status < 200) return "interim";
    return status === 204 || status === 304 ? "no-body" : "body";
  });
  const reader = new MessageReader(readStatusLine, false, envoyLimits, sink);
  feed(reader, pieces);
  const endsWell = reader.end();
  return { messages, error: reader.error, endsWell };
}

function recorder(answer: (line: object) => "body" | "no-body" | "interim" | "tunnel") {
  const messages: TracedMessage[] = [];
  const sink = {
    onHead(line: object, headers: HeaderList) {
      messages.push({ line, headers: headers.flat, body: "", trailers: undefined, isWhole: false });
      return answer(line);
    },
    onData(data: Buffer) {
      messages.at(-1)!.body += data.toString("latin1");
    },
    onEnd(trailers: HeaderList | undefined) {
      const last = messages.at(-1)!;
      last.isWhole = true;
      last.trailers = trailers?.flat;
    },
  };
  return { sink, messages };
}

function feed<StartLine extends object>(reader: MessageReader<StartLine>, pieces: readonly Buffer[]): void {
  for (const piece of pieces) {
    let left = piece;
    while (left.length > 0 && !reader.error) {
      left = left.subarray(reader.read(left));
      reader.next();
    }
  }
}

/** One byte a piece. */
export function byByte(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}
