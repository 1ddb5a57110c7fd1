import { isIP } from "node:net";

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address or a host name. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** A Unix-domain socket to listen on. */
export interface SocketPath {
  readonly path: string;
}

export type ServeAddress = ListenAddress | SocketPath;

/** `sun_path` of Linux, without the zero at its end. */
const socketPathMaxBytes = 107;

/** `unix:/run/chancery.sock`, or what `parseListenAddress` takes; throws `Error` with what was expected. */
export function parseServeAddress(text: string): ServeAddress {
  if (!text.startsWith("unix:")) return parseListenAddress(text);
  const path = text.slice("unix:".length);
  const bytes = Buffer.byteLength(path);
  if (bytes === 0) throw new Error("expected unix:PATH, such as unix:/run/chancery.sock");
  if (bytes > socketPathMaxBytes) {
    throw new Error(`the path of a socket has at most ${socketPathMaxBytes} bytes, this one has ${bytes}`);
  }
  return { path };
}

/** `127.0.0.1:18000`, `[::1]:18000` or `localhost:0`; throws `Error` with what was expected. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535)
    throw new Error("expected HOST:PORT, such as 127.0.0.1:18000 or [::1]:0");
  return { host, port };
}

/** `127.0.0.1:18000`, with brackets around IPv6; `unix:/run/chancery.sock`. */
export function formatListenAddress(address: ServeAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True when only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** An address that could not be had; the message says what to do about it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** The sentence for an error of `listen`, with what to do about it. */
export function explainListenError(
  error: NodeJS.ErrnoException,
  address: ServeAddress,
  flag: string,
): string {
  const where = formatListenAddress(address);
  // grpc-js names the system's code only inside its message.
  const code = error.code ?? /\bE[A-Z]{4,}\b/.exec(error.message)?.[0];
  if ("path" in address) return explainSocketError(error, code, where);
  if (code === "EADDRINUSE") {
    return `${where} is in use: stop the program that listens there, or choose another address with ${flag}`;
  }
  if (code === "EACCES") return `${where} needs more rights: choose a port above 1023 with ${flag}`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `${where} is not an address of this machine: choose another with ${flag}`;
  }
  return `cannot listen on ${where}: ${error.message}`;
}

function explainSocketError(error: Error, code: string | undefined, where: string): string {
  if (code === "EADDRINUSE") return `${where} is in use: ${error.message}`;
  if (code === "ENOENT" || code === "ENOTDIR") return `${where}: its folder does not exist`;
  if (code === "EACCES" || code === "EPERM") return `${where} needs more rights: ${error.message}`;
  return `cannot listen on ${where}: ${error.message}`;
}
