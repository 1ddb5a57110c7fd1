import type { Address } from "../network/address.ts";
import type { RequestHead } from "../network/http-message.ts";
import { portOf, withoutPort } from "./host-port.ts";

/** What a connection manager takes away from the host of a request before anybody looks at it. */
export interface HostRules {
  /** The port: never, when it is the listener's, or always. */
  readonly stripsPort: "never" | "matching" | "any";
  readonly stripsTrailingDot: boolean;
}

/** Changes nothing for a connection manager without such rules. `local` is where the client connected to. */
export function applyHostRules({ headers, method }: RequestHead, rules: HostRules, local: Address): void {
  const { stripsPort, stripsTrailingDot } = rules;
  if (stripsPort === "never" && !stripsTrailingDot) return;
  const before = headers.get("host");
  if (before === undefined) return;
  let host = before;
  if (stripsTrailingDot) {
    const name = withoutPort(host);
    if (name.endsWith(".")) host = name.slice(0, -1) + host.slice(name.length);
  }
  const port = portOf(host);
  const isOwn = local.family !== "pipe" && port === local.port;
  // The port is what a CONNECT is about.
  const strips = stripsPort === "any" || (stripsPort === "matching" && isOwn && method !== "CONNECT");
  if (strips && port !== undefined) host = withoutPort(host);
  if (host !== before) headers.set("host", host);
}
