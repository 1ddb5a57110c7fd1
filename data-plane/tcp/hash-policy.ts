import { xxHash64 } from "../../src/base/hash/xx-hash-64.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { SupportTable } from "../resources/support.ts";

/** `source_ip` only: nothing here puts an object that can be hashed into the filter state. */
export const hashPolicySupport: SupportTable = { source_ip: true };

/** The hash of a connection for load balancing; undefined when there is none to make, as on a unix socket. */
export type ConnectionHash = (info: ConnectionInfo) => bigint | undefined;

/** `TcpProxy.hash_policy`: the client's address, without the port, as it was restored. Field rules allow one policy. */
export function connectionHash(
  policies: readonly MessageTypes["envoy.type.v3.HashPolicy"][] | undefined,
): ConnectionHash | undefined {
  if (!policies?.some(({ source_ip: sourceIp }) => sourceIp)) return undefined;
  return ({ remote }) => (remote.family === "pipe" ? undefined : xxHash64(Buffer.from(remote.address)));
}
