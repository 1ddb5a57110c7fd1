import { networkInterfaces } from "node:os";

/**
 * What a server listens on to be reached as `localhost`, in the form `HOST` of `HOST:PORT`: 127.0.0.1, and ::1 where there is IPv6.
 * Envoy's resolver answers ::1 for that name whatever the hosts file says (RFC 6761, section 6.3).
 */
export function localhostAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ address }) => address === "::1") ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"];
}
