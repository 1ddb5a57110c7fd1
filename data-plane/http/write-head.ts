import type { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "./request.ts";
import { statusPhrase } from "./status-number.ts";

/** A head as it goes out, in latin1, with the empty line; `extra` are whole lines. */
export function requestText(request: RequestHead, extra: string): string {
  return `${request.method} ${request.path} HTTP/1.1\r\n${linesOf(request.headers)}${extra}\r\n`;
}

export function responseText(status: number, headers: HeaderList, extra: string): string {
  return `HTTP/1.1 ${status} ${statusPhrase(status)}\r\n${linesOf(headers)}${extra}\r\n`;
}

function linesOf({ flat }: HeaderList): string {
  let lines = "";
  for (let at = 0; at < flat.length; at += 2) lines += `${flat[at]!}: ${flat[at + 1]!}\r\n`;
  return lines;
}

/** A piece of a chunked body. */
export function chunkOf(data: Buffer): Buffer {
  const size = data.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + data.length + 4);
  chunk.write(`${size}\r\n`, 0, "latin1");
  data.copy(chunk, size.length + 2);
  chunk.write("\r\n", size.length + 2 + data.length, "latin1");
  return chunk;
}

export const lastChunk = "0\r\n\r\n";
