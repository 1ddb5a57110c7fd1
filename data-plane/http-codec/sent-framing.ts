import type { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";

/** How the body behind a head is framed by the one who writes it. */
export interface SentFraming {
  /** Header lines that the head gets for it. */
  readonly lines: string;
  /** The body goes out in chunks; else its bytes go as they are. */
  readonly isChunked: boolean;
}

/** The headers say it already, or nothing needs to be said. */
const asItIs: SentFraming = { lines: "", isChunked: false };
const empty: SentFraming = { lines: "content-length: 0\r\n", isChunked: false };
const chunked: SentFraming = { lines: "transfer-encoding: chunked\r\n", isChunked: true };
/** What a GET would be framed with, told to a HEAD. */
const announced: SentFraming = { lines: "transfer-encoding: chunked\r\n", isChunked: false };

/** What Envoy's HTTP/1.1 codec adds to the head of a request. */
export function requestFraming({ method, headers, isUpgrade }: RequestHead, isLast: boolean): SentFraming {
  if (headers.has("content-length") || isUpgrade || method === "CONNECT") return asItIs;
  if (!isLast) return chunked;
  // A request that could have a body says that it has none.
  return mayHaveBody(method) ? empty : asItIs;
}

function mayHaveBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD" && method !== "DELETE" && method !== "TRACE";
}

/** What a response is framed for. */
export interface Asked {
  readonly isHead: boolean;
  readonly isConnect: boolean;
  /** The client speaks HTTP/1.0: only the end of the connection can end a body without a length. */
  readonly isOld: boolean;
}

/** What Envoy's HTTP/1.1 codec adds to the head of a response. */
export function responseFraming(
  status: number,
  headers: HeaderList,
  isLast: boolean,
  { isHead, isConnect, isOld }: Asked,
): SentFraming {
  if (headers.has("content-length") || status < 200 || status === 204 || status === 304) return asItIs;
  if (isLast && !isHead) return empty;
  if (isOld || isConnect) return asItIs;
  return isHead ? announced : chunked;
}
