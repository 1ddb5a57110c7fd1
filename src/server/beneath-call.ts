import { constants, type ServerHttp2Stream } from "node:http2";
import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";
import type { Response } from "../xds/response.ts";

// grpc-js has no public way to the HTTP/2 stream and the decoder of a call, which four things need. Where a version of
// grpc-js keeps them elsewhere than 1.14 does, these go the long way round, or are left out.

/**
 * Writes an encoded message that many calls share. grpc-js copies each message behind the five bytes that frame it, which
 * for a fleet is one copy of the content a client, kept as long as the client takes; so it comes with them. `onTaken` is
 * called when the transport has taken all of it, and never if the call ends before.
 */
export function writeMessage(
  call: ServerDuplexStream<Buffer, Buffer>,
  { bytes, framed }: Pick<Response, "bytes" | "framed">,
  onTaken: () => void,
): void {
  const stream = streamBeneath(call);
  if (!stream) {
    call.write(bytes, onTaken);
    return;
  }
  if (!stream.headersSent) call.sendMetadata(new Metadata());
  stream.write(framed, (error) => {
    if (!error) onTaken();
  });
}

/**
 * Ends a call at once with RST_STREAM, dropping what the client has not taken: an end by grpc-js waits for its buffers to
 * drain, which a client that reads nothing never lets happen. False when the stream was not found.
 */
export function resetCall(call: object): boolean {
  const stream = streamBeneath(call);
  stream?.close(constants.NGHTTP2_CANCEL);
  return stream !== undefined;
}

const nothing = Buffer.alloc(1);

/**
 * Lets go of the bytes of the request that was read last. The decoder of a call would hold them until the next one comes,
 * which for an idle stream of many names is most of what it costs.
 */
export function forgetRequest(call: object): void {
  const decoder = property(property(call, "call"), "decoder");
  // Between messages; what it has of one that is not complete it needs.
  if (typeof decoder !== "object" || decoder === null || property(decoder, "readState") !== 0) return;
  if ("readPartialMessage" in decoder) decoder.readPartialMessage = [];
  if ("readCompressFlag" in decoder) decoder.readCompressFlag = nothing;
}

/** The HTTP/2 connection of an open call. */
export function sessionBeneath(call: object): object | undefined {
  return streamBeneath(call)?.session;
}

function streamBeneath(call: object): ServerHttp2Stream | undefined {
  const stream = property(property(call, "call"), "stream");
  return isHttp2Stream(stream) ? stream : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return typeof value === "object" && value !== null && "rstCode" in value && "headersSent" in value;
}
