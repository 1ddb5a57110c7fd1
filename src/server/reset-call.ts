import { constants, type Http2Stream } from "node:http2";

/**
 * Ends a call at once with RST_STREAM, dropping what the client has not taken. grpc-js offers only an end that waits
 * for its buffers to drain, which a client that reads nothing never lets happen; so this reaches for the HTTP/2 stream
 * beneath the call. Answers false where a version of grpc-js keeps it elsewhere.
 */
export function resetCall(call: object): boolean {
  const stream = property(property(call, "call"), "stream");
  if (!isHttp2Stream(stream)) return false;
  stream.close(constants.NGHTTP2_CANCEL);
  return true;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isHttp2Stream(value: unknown): value is Http2Stream {
  return typeof value === "object" && value !== null && "rstCode" in value && "close" in value;
}
