import type { Resource } from "../snapshot/resource.ts";
import type { TypeSet } from "../snapshot/type-set.ts";
import { fieldsOf, WireError } from "./wire.ts";

/** Finds the virtual host that answers `<route configuration>/<host>`; see `hostsOf`. */
export interface HostNames {
  /** The name of the resource, or undefined when no virtual host is for that host. */
  readonly find: (name: string) => string | undefined;
}

/** The domains of one route configuration, each with the resource that has it. */
interface Domains {
  readonly exact: Map<string, string>;
  /** `.example.com` of `*.example.com`, longest first. */
  readonly suffixes: [string, string][];
  /** `www.` of `www.*`, longest first. */
  readonly prefixes: [string, string][];
  any: string | undefined;
}

/**
 * How hosts lead to the virtual hosts of a set (XDS-114): by the resource's own name, else by its domains as Envoy
 * matches them: exactly, by the longest suffix, by the longest prefix, by `*`. The part of a name before its last
 * slash is the route configuration, for hosts have none.
 */
export function hostNamesOf({ resources }: TypeSet): HostNames {
  const byRoutes = new Map<string, Domains>();
  for (const resource of resources.values()) {
    const [routes] = splitName(resource.name);
    const domains = byRoutes.get(routes) ?? { exact: new Map(), suffixes: [], prefixes: [], any: undefined };
    byRoutes.set(routes, domains);
    for (const domain of domainsOf(resource)) addDomain(domains, domain.toLowerCase(), resource.name);
  }
  for (const { suffixes, prefixes } of byRoutes.values()) {
    for (const list of [suffixes, prefixes]) list.sort(([a], [b]) => b.length - a.length);
  }
  return {
    find: (name) => {
      if (resources.has(name)) return name;
      const [routes, host] = splitName(name);
      const domains = byRoutes.get(routes);
      return domains && findHost(domains, host.toLowerCase());
    },
  };
}

/** Route configuration and host. */
function splitName(name: string): [routes: string, host: string] {
  const slash = name.lastIndexOf("/");
  return [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
}

function addDomain(domains: Domains, domain: string, name: string): void {
  if (domain === "*") domains.any ??= name;
  else if (domain.startsWith("*")) domains.suffixes.push([domain.slice(1), name]);
  else if (domain.endsWith("*")) domains.prefixes.push([domain.slice(0, -1), name]);
  else domains.exact.set(domain, name);
}

function findHost({ exact, suffixes, prefixes, any }: Domains, host: string): string | undefined {
  const known = exact.get(host);
  if (known !== undefined) return known;
  // A wildcard stands for one character at least.
  const bySuffix = suffixes.find(([suffix]) => host.length > suffix.length && host.endsWith(suffix));
  const byPrefix = prefixes.find(([prefix]) => host.length > prefix.length && host.startsWith(prefix));
  return bySuffix?.[1] ?? byPrefix?.[1] ?? any;
}

/** `domains` of an `envoy.config.route.v3.VirtualHost`; none in bytes that a program serves and that are no such thing. */
function domainsOf({ bytes }: Resource): readonly string[] {
  try {
    return Array.from(fieldsOf(bytes)).flatMap((field) =>
      field.number === 2 && "bytes" in field ? [field.bytes.toString("utf8")] : [],
    );
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}
