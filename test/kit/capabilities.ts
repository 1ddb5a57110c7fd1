import { readFileSync } from "node:fs";

const CAP_NET_ADMIN = 12n;

/**
 * Options for `it` that needs to bind foreign addresses (IP_TRANSPARENT): skipped, with the reason, for a process without CAP_NET_ADMIN;
 * with CI=true it runs, and fails.
 */
export function needsNetAdmin(): { readonly skip?: string } {
  if (process.env["CI"] === "true" || hasCapability(CAP_NET_ADMIN)) return {};
  return { skip: "needs CAP_NET_ADMIN: run as root or in a container that has it" };
}

/** True when this process has the capability (capabilities(7)) of this number; never elsewhere than on Linux. */
export function hasCapability(capability: bigint): boolean {
  if (process.platform !== "linux") return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return effective !== null && (BigInt(`0x${effective[1]!}`) >> capability) % 2n === 1n;
}
