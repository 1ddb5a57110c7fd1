import { encodeV1, encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import { socketAddress, type SocketAddress } from "../../src/base/ip-address.ts";
import type { VectorAddress, VectorDownstream } from "./vectors.ts";

/** The header that a vector's client sends first; no bytes for null. */
export function downstreamHeader(downstream: VectorDownstream | null | undefined): Buffer {
  if (!downstream) return Buffer.alloc(0);
  if (downstream.header_hex !== undefined) return Buffer.from(downstream.header_hex, "hex");
  const addresses = { source: end(downstream.remote), destination: end(downstream.local) };
  if (downstream.version === "V1") return encodeV1(addresses);
  const tlvs = downstream.tlvs ?? [];
  return encodeV2(
    addresses,
    tlvs.map(({ type, value_hex: hex }) => ({ type, value: Buffer.from(hex, "hex") })),
  ).bytes;
}

function end(address: VectorAddress | undefined): SocketAddress {
  const found = address && socketAddress(address.address, address.port);
  if (!found) throw new Error(`not an address: ${JSON.stringify(address)}`);
  return found;
}
