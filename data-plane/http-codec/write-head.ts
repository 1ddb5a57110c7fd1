import type { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";
import { statusPhrase } from "./status-phrase.ts";

/** A head as it goes out, in latin1, with the empty line; `extra` are whole lines. */
export function requestText({ method, path, headers }: RequestHead, extra: string): string {
  const target = method === "CONNECT" ? (headers.get("host") ?? "") : path;
  return `${method} ${target} HTTP/1.1\r\n${linesOf(headers)}${extra}\r\n`;
}

/** `version`: of the request that it answers. */
export function responseText(
  status: number,
  headers: HeaderList,
  extra: string,
  version: "HTTP/1.0" | "HTTP/1.1" = "HTTP/1.1",
): string {
  return `${version} ${status} ${statusPhrase(status)}\r\n${linesOf(headers)}${extra}\r\n`;
}

/** Header lines with their line breaks. */
export function linesOf({ flat }: HeaderList): string {
  let lines = "";
  for (let at = 0; at < flat.length; at += 2) lines += `${flat[at]!}: ${flat[at + 1]!}\r\n`;
  return lines;
}
