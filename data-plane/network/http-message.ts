import type { HeaderList } from "./header-list.ts";

export type HttpProtocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/**
 * The head of a request on its way through, in no protocol's own shape: rules, routes and filters write to it, and each codec makes
 * its own bytes of it.
 */
export interface RequestHead {
  method: string;
  /** With its query: `:path`. Empty for CONNECT. */
  path: string;
  /** `host` is among them and is the authority, whatever the protocol. A request for an upgrade has `connection` and `upgrade` too. */
  readonly headers: HeaderList;
  /** As `x-forwarded-proto` tells it. */
  scheme: "http" | "https";
  /** It wants the connection for another protocol, which `upgrade` among the headers names. What follows is not HTTP then. */
  readonly isUpgrade: boolean;
}

/** The head of a response on its way back. */
export interface ResponseHead {
  status: number;
  readonly headers: HeaderList;
}

/** What is answered without asking an upstream. */
export interface LocalReply {
  readonly status: number;
  /** One character a byte. */
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `%RESPONSE_CODE_DETAILS%`: who answered and why, in Envoy's words. */
  readonly details: string;
}

export function localReply(
  status: number,
  details: string,
  body = "",
  headers: LocalReply["headers"] = [],
): LocalReply {
  return { status, body, headers, details };
}
