import { lookup } from "node:dns/promises";
import { unreachable } from "../../src/base/unreachable.ts";
import type { DnsLookupFamily } from "../resources/cluster.ts";

/** Turns a name into IP addresses. */
export interface Resolver {
  /** All addresses of a name, of both families, in the order of preference of the system. Rejects when there is no answer. */
  resolve(name: string): Promise<readonly string[]>;
}

/** The resolver of this machine, /etc/hosts included. It does not tell how long an answer is good for. */
export const systemResolver: Resolver = {
  async resolve(name) {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address }) => address);
  },
};

/**
 * Those addresses of a name that `dns_lookup_family` asks for. AUTO takes IPv6 when there is any, else IPv4; V4_PREFERRED is the
 * reverse.
 */
export function ofLookupFamily(addresses: readonly string[], family: DnsLookupFamily): readonly string[] {
  const v6 = addresses.filter((address) => address.includes(":"));
  const v4 = addresses.filter((address) => !address.includes(":"));
  switch (family) {
    case "V4_ONLY":
      return v4;
    case "V6_ONLY":
      return v6;
    case "V4_PREFERRED":
      return v4.length > 0 ? v4 : v6;
    case "ALL":
      return addresses;
    case "AUTO":
      return v6.length > 0 ? v6 : v4;
    default:
      return unreachable(family);
  }
}
