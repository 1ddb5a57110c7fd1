import type { RequestHead } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import { withoutPort } from "../host-port.ts";
import type { RouteSurroundings } from "./route-match.ts";
import type { Route } from "./route.ts";

export interface VirtualHost {
  readonly name: string;
  /** In lower case: `a.example`, `*.example`, `a.*` or `*`. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  /** Whose requests in clear are sent to https: `require_tls`. */
  readonly requiresTls: "none" | "external" | "all";
}

/** Chooses the route of a request; undefined when none matches. */
export type RouteTable = (request: RequestHead, around: RouteSurroundings) => Route | undefined;

interface Wildcard {
  readonly text: string;
  readonly host: VirtualHost;
}

/**
 * The routes of a configuration. The host decides first, and alone: exact, then the longest `*suffix`, then the longest `prefix*`,
 * then `*`. Of the routes there the first that matches is taken. `ignoresPort`: the host counts without its port.
 */
export function routeTable(hosts: readonly VirtualHost[], ignoresPort = false): RouteTable {
  const exact = new Map<string, VirtualHost>();
  const suffixes: Wildcard[] = [];
  const prefixes: Wildcard[] = [];
  let fallback: VirtualHost | undefined;
  for (const host of hosts) {
    for (const domain of host.domains) {
      if (domain === "*") fallback = host;
      else if (domain.startsWith("*")) suffixes.push({ text: domain.slice(1), host });
      else if (domain.endsWith("*")) prefixes.push({ text: domain.slice(0, -1), host });
      else exact.set(domain, host);
    }
  }
  const longestFirst = (a: Wildcard, b: Wildcard) => b.text.length - a.text.length;
  suffixes.sort(longestFirst);
  prefixes.sort(longestFirst);
  const hasNames = exact.size + suffixes.length + prefixes.length > 0;
  const hostOf = (request: RequestHead): VirtualHost | undefined => {
    if (!hasNames) return fallback;
    const spelled = (request.headers.get("host") ?? "").toLowerCase();
    const name = ignoresPort ? withoutPort(spelled) : spelled;
    // A wildcard stands for at least one character.
    const holds = ({ text }: Wildcard) => name.length > text.length;
    return (
      exact.get(name) ??
      suffixes.find((one) => holds(one) && name.endsWith(one.text))?.host ??
      prefixes.find((one) => holds(one) && name.startsWith(one.text))?.host ??
      fallback
    );
  };
  return (request, around) => {
    const host = hostOf(request);
    if (!host) return undefined;
    if (host.requiresTls !== "none" && wantsTls(host, request)) return tlsRedirect(host.name);
    const found = host.routes.find((route) => route.matches(request, around));
    return found?.entryOf ? found.entryOf(around.random()) : found;
  };
}

function wantsTls({ requiresTls }: VirtualHost, { scheme, headers }: RequestHead): boolean {
  if (scheme === "https") return false;
  return requiresTls === "all" || headers.get("x-envoy-internal") !== "true";
}

/** Sends a request to the same place over https. */
function tlsRedirect(virtualHost: string): Route {
  return {
    name: "",
    virtualHost,
    filterSettings: undefined,
    matches: () => true,
    action: {
      kind: "reply",
      reply({ headers, path }) {
        return localReply(301, "direct_response", "", [
          ["location", `https://${headers.get("host") ?? ""}${path}`],
        ]);
      },
    },
    requestMutations: [],
    responseMutations: [],
  };
}
