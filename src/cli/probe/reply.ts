import { printable } from "../../base/printable.ts";
import { unreachable } from "../../base/unreachable.ts";
import { recognise } from "../recognise.ts";
import type { Observation } from "./attempt.ts";

/** What an observation amounts to. */
export type Reply =
  | { readonly kind: "no-connection"; readonly reason: string }
  | { readonly kind: "silence" }
  | { readonly kind: "closed"; readonly isReset: boolean }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "tls-hello" }
  | { readonly kind: "tls-alert"; readonly code: number }
  /** The bytes that were sent came back, with their header or without it. */
  | { readonly kind: "echo"; readonly hasHeader: boolean }
  /** Any other bytes; `shape` is their first line with numbers blotted out, and how many lines there are. */
  | { readonly kind: "other"; readonly shape: string; readonly text: string };

const leastEcho = 12;

export function replyOf(observation: Observation): Reply {
  if (observation.kind === "no-connection") return observation;
  const { received, sent, ending } = observation;
  if (received.length === 0) {
    return ending === "open" ? { kind: "silence" } : { kind: "closed", isReset: ending === "reset" };
  }
  if (isEcho(received, Buffer.concat([sent.header, sent.payload]))) {
    return { kind: "echo", hasHeader: sent.header.length > 0 };
  }
  if (isEcho(received, sent.payload)) return { kind: "echo", hasHeader: false };
  const text = received.toString("latin1");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status !== undefined) return { kind: "http", status: Number(status) };
  // A record of the handshake, and in it a ServerHello; then one of an alert (RFC 8446 §5.1, §4).
  if (received[0] === 0x16 && received[1] === 3 && received[5] === 2) return { kind: "tls-hello" };
  if (received[0] === 0x15 && received[1] === 3) return { kind: "tls-alert", code: received[6] ?? 0 };
  return { kind: "other", shape: shapeOf(text), text: textOf(received) };
}

function isEcho(received: Buffer, sent: Buffer): boolean {
  const length = Math.min(received.length, sent.length);
  return length >= leastEcho && received.compare(sent, 0, length, 0, length) === 0;
}

/** Banners have a time or an id in them that differs each time. */
function shapeOf(text: string): string {
  const lines = text.trimEnd().split("\n");
  return `${lines.length} ${lines[0]!.replaceAll(/[\w-]*\d[\w-]*/g, "#")}`;
}

/** True when a server means the same by both. */
export function isSameReply(a: Reply, b: Reply): boolean {
  if (a.kind === "http" && b.kind === "http") return a.status === b.status;
  if (a.kind === "echo" && b.kind === "echo") return a.hasHeader === b.hasHeader;
  if (a.kind === "tls-alert" && b.kind === "tls-alert") return a.code === b.code;
  if (a.kind === "other" && b.kind === "other") return a.shape === b.shape;
  return a.kind === b.kind;
}

/** True when bytes came back. */
export function isAnswer({ kind }: Reply): boolean {
  return kind !== "no-connection" && kind !== "silence" && kind !== "closed";
}

/**
 * How much an answer shows that a payload was the server's own protocol: 3 its protocol, 2 some answer, 1 the answer of
 * a server that did not understand, 0 none.
 */
export function fitOf(reply: Reply): number {
  switch (reply.kind) {
    case "tls-hello":
      return 3;
    case "http":
      return reply.status === 400 ? 1 : 3;
    case "tls-alert":
      return 1;
    case "echo":
    case "other":
      return 2;
    case "no-connection":
    case "silence":
    case "closed":
      return 0;
    default:
      return unreachable(reply);
  }
}

/** For people: `HTTP status 400`, `closed without an answer`. */
export function describeReply(reply: Reply): string {
  switch (reply.kind) {
    case "no-connection":
      return reply.reason;
    case "silence":
      return "no answer, the connection stays open";
    case "closed":
      return reply.isReset ? "reset without an answer" : "closed without an answer";
    case "http":
      return `HTTP status ${reply.status}`;
    case "tls-hello":
      return "a TLS ServerHello";
    case "tls-alert":
      return `TLS alert ${reply.code}`;
    case "echo":
      return reply.hasHeader ? "what was sent came back, header and all" : "what was sent came back";
    case "other":
      return reply.text;
    default:
      return unreachable(reply);
  }
}

/** The first line, or what it looks like, and the last one. */
function textOf(received: Buffer): string {
  const lines = received.toString("latin1").trimEnd().split(/\r?\n/);
  const first = recognise(received) ?? quoted(lines[0]!);
  return lines.length > 1 ? `${first}, then ${quoted(lines.at(-1)!)}` : first;
}

function quoted(line: string): string {
  return JSON.stringify(printable(line, 60));
}
