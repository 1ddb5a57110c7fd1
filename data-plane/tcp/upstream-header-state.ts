import type { ConnectionInfo, ProxyProtocolState } from "../network/connection-info.ts";
import { ownAddresses } from "../network/connection-info.ts";
import { mergeTlvs } from "../proxy-protocol/select-tlvs.ts";
import { tlvsOf } from "../resources/tlv-entry.ts";
import type { TcpProxyConfig } from "./tcp-proxy-config.ts";

/** What an upstream PROXY header is to tell: what was received, or the connection's own addresses (PP-61), with own TLVs merged in. */
export function proxyProtocolState(
  info: ConnectionInfo,
  config: Pick<TcpProxyConfig, "tlvs" | "mergePolicy" | "hostname">,
): ProxyProtocolState {
  const received = info.proxyProtocol;
  const addresses = received ? received.addresses : ownAddresses(info);
  let tlvs = received?.tlvs ?? [];
  if (config.tlvs.length > 0) {
    const own = tlvsOf(config.tlvs, { connection: info, hostname: config.hostname });
    tlvs = mergeTlvs(config.mergePolicy, received?.tlvs, own);
  }
  return addresses ? { addresses, tlvs } : { tlvs };
}
