import { socketAddress } from "../../src/base/ip-address.ts";
import type { ConnectRequest, TlsWish } from "../network/upstream.ts";
import type { UpstreamHttpConfig } from "../resources/http-options.ts";

/** A request that needs a connection, and what is spoken on it. */
type HttpWish = NonNullable<ConnectRequest["http"]>;

/** What is offered by ALPN. */
const offers: Readonly<Record<HttpWish["protocol"], readonly string[]>> = {
  "HTTP/1.1": ["http/1.1"],
  "HTTP/2": ["h2"],
  auto: ["h2", "http/1.1"],
};

/**
 * What a request asks of TLS: its protocol, and by its host, or by the header in its place, what `upstream_http_protocol_options` lets
 * it. An IP address is no server name, but it can be verified.
 */
export function tlsWish({ serverName: rule }: UpstreamHttpConfig, { head, protocol }: HttpWish): TlsWish {
  const protocols = offers[protocol];
  if (!rule) return { serverName: "", verifiedName: undefined, protocols };
  const own = rule.header === "" ? undefined : head.headers.get(rule.header);
  const host = hostOf(own || (head.headers.get("host") ?? ""));
  const isIp = socketAddress(host, 0) !== undefined;
  return {
    serverName: rule.isSent && !isIp ? host : "",
    verifiedName: rule.isVerified ? host : undefined,
    protocols,
  };
}

/** An authority without its port and brackets. */
function hostOf(authority: string): string {
  if (authority.startsWith("[")) return authority.slice(1, Math.max(1, authority.indexOf("]")));
  const colon = authority.indexOf(":");
  // More than one colon is an IPv6 address without brackets.
  return colon < 0 || authority.indexOf(":", colon + 1) >= 0 ? authority : authority.slice(0, colon);
}
