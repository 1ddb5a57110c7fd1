import { isIP } from "node:net";

/** The parts of a request that tell where it comes from. */
export interface RequestOrigin {
  readonly method: string;
  /** The Host header. */
  readonly host: string | undefined;
  /** The Origin header: browsers send it with every POST. */
  readonly origin: string | undefined;
  /** The Sec-Fetch-Site header. */
  readonly fetchSite: string | undefined;
}

/**
 * Why a request must not be answered, or undefined when it may be.
 *
 * A page on the web can make a browser on this machine call us: by a DNS name of its own that resolves to loopback
 * (DNS rebinding), or by a POST across sites. So the Host has to be an address, `localhost` or a name that the operator
 * listed, and what changes something has to come from the same site or from no browser at all.
 */
export function refusalOf(request: RequestOrigin, allowedHosts: readonly string[]): string | undefined {
  const host = hostName(request.host);
  if (host === undefined) return "the request has no usable Host header";
  const isLocal = isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost");
  if (!isLocal && !allowedHosts.includes(host)) {
    return `the host name ${JSON.stringify(host)} is not allowed; add it with --admin-host`;
  }
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  const isForeign = request.fetchSite !== undefined && !["same-origin", "none"].includes(request.fetchSite);
  if (isForeign) return `a ${request.fetchSite} request may not change anything`;
  if (request.origin !== undefined && hostOfOrigin(request.origin) !== request.host) {
    return `a page of ${JSON.stringify(request.origin)} may not change anything`;
  }
  return undefined;
}

/** `[::1]:19000` as `::1`, `Admin.example:80` as `admin.example`. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:@/\s]+))(?::\d{1,5})?$/.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}

function hostOfOrigin(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
}
