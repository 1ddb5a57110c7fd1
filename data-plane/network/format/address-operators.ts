import type { Address } from "../address.ts";
import { formatAddress, formatHost } from "../address.ts";
import type { FormatSource } from "./format-source.ts";
import { plain, type OperatorTable } from "./operator.ts";

type AddressOf = (source: FormatSource) => Address | undefined;

/** The address with its port, without it, and the port as a number, which a pipe has none of. */
function variants(name: string, of: AddressOf): OperatorTable {
  return {
    [`${name}_ADDRESS`]: plain((source) => {
      const address = of(source);
      return address && formatAddress(address);
    }),
    [`${name}_ADDRESS_WITHOUT_PORT`]: plain((source) => {
      const address = of(source);
      return address && formatHost(address);
    }),
    [`${name}_PORT`]: plain((source) => {
      const address = of(source);
      return address === undefined || address.family === "pipe" ? undefined : address.port;
    }),
  };
}

/** Whom the upstream connection is to: known once there is one. */
const upstreamRemote: AddressOf = ({ upstreamHost, upstreamLocal }) => upstreamLocal && upstreamHost?.address;

function upstreamName({ upstreamHost: host }: FormatSource): string | undefined {
  if (!host) return undefined;
  return host.hostname === "" ? formatAddress(host.address) : host.hostname;
}

export const addressOperators: OperatorTable = {
  ...variants("DOWNSTREAM_REMOTE", ({ connection }) => connection.remote),
  ...variants("DOWNSTREAM_LOCAL", ({ connection }) => connection.local),
  ...variants("DOWNSTREAM_DIRECT_REMOTE", ({ connection }) => connection.directRemote),
  ...variants("DOWNSTREAM_DIRECT_LOCAL", ({ connection }) => connection.directLocal),
  ...variants("UPSTREAM_LOCAL", ({ upstreamLocal }) => upstreamLocal),
  ...variants("UPSTREAM_REMOTE", upstreamRemote),
  UPSTREAM_HOST: plain(({ upstreamHost: host }) => host && formatAddress(host.address)),
  UPSTREAM_HOST_NAME: plain(upstreamName),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain((source) => upstreamName(source)?.replace(/:\d+$/, "")),
};
