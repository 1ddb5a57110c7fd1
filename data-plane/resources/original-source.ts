import type { Problem } from "../../src/base/problem.ts";
import type { ParseContext } from "./extension.ts";
import { refuse, warn } from "./parsed.ts";

const NEED = "the upstream has to see addresses that are not this host's, which needs";
const GUIDE = 'docs/proxy-protocol.md, "What the host must allow", has the commands; start again afterwards';
const NEEDS = {
  IPv4: "for IPv4 a local route for them in table local",
  IPv6: "for IPv6 net.ipv6.ip_nonlocal_bind=1",
};

/**
 * What stands against `original_src` (listener or HTTP filter) on this host. It is refused where no family works, since every connection
 * would fail; where one is missing, only the connections of that family do.
 */
export function originalSourceProblems(
  { mark }: { readonly mark?: number },
  { foreignSources }: ParseContext,
  path: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  if (mark !== undefined && mark !== 0) {
    const instead = "route what upstreams answer by the interface that it comes in on";
    problems.push(
      refuse(`${path}.mark`, `SO_MARK cannot be set from Node.js; ${instead} (docs/proxy-protocol.md)`),
    );
  }
  const { IPv4, IPv6 } = foreignSources;
  if (!IPv4 && !IPv6) {
    problems.push(refuse(path, `${NEED} ${NEEDS.IPv4}, and ${NEEDS.IPv6}; ${GUIDE}`, "host-not-ready"));
  } else if (!IPv4 || !IPv6) {
    const family = IPv4 ? "IPv6" : "IPv4";
    problems.push(warn(path, `connections of ${family} clients will fail: ${NEED} ${NEEDS[family]}`));
  }
  return problems;
}
