import { socketAddress } from "../../src/base/ip-address.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Address } from "../network/address.ts";
import type { SupportCheck, SupportTable } from "./support.ts";
import { notSupported, oneOf } from "./support.ts";

type AddressMessage = MessageTypes["envoy.config.core.v3.Address"];

/** An address as it is configured: a name is still to be looked up. */
export type ConfiguredAddress =
  | Address
  | { readonly family: "name"; readonly name: string; readonly port: number };

/** A path of the file system. libuv fills abstract names up with zero bytes, so that no other program would find them. */
const pipePath: SupportCheck = (value, path) =>
  String(value).startsWith("@")
    ? [notSupported(path, "an abstract name, which Node.js 20 does not pass on as it is,")]
    : [];

/** A pipe of which the path alone counts. */
export const pipeSupport: SupportTable = { pipe: { path: pipePath } };

/** Fields of `envoy.config.core.v3.Address` that mean something here. Named ports and own resolvers do not. */
export const endpointAddressSupport: SupportTable = {
  socket_address: { address: true, port_value: true, protocol: oneOf("TCP") },
  ...pipeSupport,
};

/** The same for an address to listen on. */
export const listenerAddressSupport: SupportTable = {
  pipe: { path: pipePath, mode: true },
  socket_address: { address: true, port_value: true, protocol: oneOf("TCP"), ipv4_compat: true },
};

/** The address that a message stands for, or undefined when it has none of the known forms. */
export function configuredAddress(message: AddressMessage | null | undefined): ConfiguredAddress | undefined {
  if (message?.pipe) return { family: "pipe", path: message.pipe.path ?? "" };
  const socket = message?.socket_address;
  if (!socket) return undefined;
  const name = socket.address ?? "";
  const port = socket.port_value ?? 0;
  return socketAddress(name, port) ?? { family: "name", name, port };
}
