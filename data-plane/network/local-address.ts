import { networkInterfaces } from "node:os";

/** The first IPv4 address of this machine that is no loopback, as Envoy takes for its own; 127.0.0.1 when there is none. */
export function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find(({ family, internal }) => family === "IPv4" && !internal);
    if (found) return found.address;
  }
  return "127.0.0.1";
}
