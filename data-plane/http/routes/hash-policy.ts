import { xxHash64 } from "../../../src/base/hash/xx-hash-64.ts";
import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Address } from "../../network/address.ts";
import type { RequestHead } from "../../network/http-message.ts";
import type { SupportTable } from "../../resources/support.ts";
import { noEffect } from "../../resources/support.ts";

type HashPolicyMessage = MessageTypes["envoy.config.route.v3.RouteAction.HashPolicy"];

/** Cookies are read and not made (`ttl`), nothing is rewritten, and nothing in the filter state can be hashed. */
export const hashPolicySupport: SupportTable = {
  header: { header_name: true },
  // The path is that of a cookie that would be made.
  cookie: { name: true, path: noEffect },
  connection_properties: { source_ip: true },
  query_parameter: { name: true },
  terminal: true,
};

/** The hash of a request, 64 bits; undefined when nothing of what it is made from is there. `remote` is the client of the request. */
export type RequestHash = (request: RequestHead, remote: Address) => bigint | undefined;

const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** `RouteAction.hash_policy`: what each policy gives, combined in order; a terminal one ends it once there is a hash. */
export function requestHash(policies: readonly HashPolicyMessage[] | undefined): RequestHash | undefined {
  const steps = (policies ?? []).flatMap((policy) => {
    const hash = singleHash(policy);
    return hash ? [{ hash, isTerminal: policy.terminal ?? false }] : [];
  });
  if (steps.length === 0) return undefined;
  return (request, remote) => {
    let combined: bigint | undefined;
    for (const { hash, isTerminal } of steps) {
      const next = hash(request, remote);
      // Turned by one bit, so that two policies of one value do not cancel each other out.
      if (next !== undefined) combined = combined === undefined ? next : rotated(combined) ^ next;
      if (isTerminal && combined !== undefined) break;
    }
    return combined;
  };
}

function rotated(hash: bigint): bigint {
  return ((hash << 1n) & ALL_BITS) | (hash >> 63n);
}

function singleHash(policy: HashPolicyMessage): RequestHash | undefined {
  if (policy.header) return headerHash((policy.header.header_name ?? "").toLowerCase());
  if (policy.cookie) return cookieHash(policy.cookie.name ?? "");
  if (policy.query_parameter) return queryHash(policy.query_parameter.name ?? "");
  return policy.connection_properties?.source_ip ? sourceHash : undefined;
}

/** All values of a header, sorted, so that their order does not count. */
function headerHash(name: string): RequestHash {
  return (request) => {
    const values = headerValues(request, name);
    if (values.length === 0) return undefined;
    return values
      .map((value) => Buffer.from(value, "latin1"))
      .sort((a, b) => Buffer.compare(a, b))
      .reduce((seed, value) => xxHash64(value, seed), 0n);
  };
}

function headerValues(request: RequestHead, name: string): readonly string[] {
  switch (name) {
    case ":method":
      return [request.method];
    case ":path":
      return [request.path];
    case ":scheme":
      return [request.scheme];
    default:
      return valuesOf(request, name === ":authority" ? "host" : name);
  }
}

function valuesOf({ headers: { flat } }: RequestHead, name: string): readonly string[] {
  return flat.filter((_text, at) => at % 2 === 1 && flat[at - 1] === name);
}

/** The value without its quotes; an empty one is none. */
function cookieHash(name: string): RequestHash {
  return (request) => {
    for (const line of valuesOf(request, "cookie")) {
      for (const pair of line.split(";")) {
        const at = pair.indexOf("=");
        if (at < 0 || pair.slice(0, at).trim() !== name) continue;
        const value = unquoted(pair.slice(at + 1).trim());
        return value === "" ? undefined : hashOf(value);
      }
    }
    return undefined;
  };
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** The first value, as it was sent. */
function queryHash(name: string): RequestHash {
  return ({ path }) => {
    const at = path.indexOf("?");
    if (at < 0) return undefined;
    for (const part of path
      .slice(at + 1)
      .split("#", 1)[0]!
      .split("&")) {
      const equals = part.indexOf("=");
      if ((equals < 0 ? part : part.slice(0, equals)) !== name) continue;
      return hashOf(equals < 0 ? "" : part.slice(equals + 1));
    }
    return undefined;
  };
}

/** The client's address without the port. */
const sourceHash: RequestHash = (_request, remote) =>
  remote.family === "pipe" ? undefined : hashOf(remote.address);

function hashOf(text: string): bigint {
  return xxHash64(Buffer.from(text, "latin1"));
}
