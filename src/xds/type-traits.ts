/** What the protocol does differently for one resource type, as data. */
export interface TypeTraits {
  readonly typeUrl: string;
  /** The name that people use: `CDS`. */
  readonly label: string;
  /** Types go out in this order (XDS-94, XDS-95): what is referred to before what refers to it. */
  readonly order: number;
  /** A first request without names means everything (XDS-18, XDS-72); for other types it means nothing (XDS-23). */
  readonly hasLegacyWildcard: boolean;
  /** A SotW response is the whole set, and what it lacks is removed (XDS-36, XDS-63); others may be partial. */
  readonly isFullState: boolean;
  /** Its changes wait while a type before it still has changes that are not sent, so that no reference dangles. */
  readonly waitsForEarlier: boolean;
  /** Others wait for its changes. */
  readonly holdsLater: boolean;
  /**
   * How names that are asked for lead to resources: `exact`, or as `hosts` (XDS-114). Names of collections lead to
   * their members with any type.
   */
  readonly naming: "exact" | "hosts";
  /** It may have a TTL. When one runs out, Envoy 1.40 crashes on EDS, RDS and SDS (XDS-110), and others are not tried. */
  readonly bearsTtl: boolean;
}

/** A type of Envoy's API. */
export interface ServedType extends TypeTraits {
  /** The gRPC service for this type alone (XDS-2); a method that is absent does not exist. */
  readonly service: {
    readonly name: string;
    readonly sotw?: string;
    readonly delta: string;
    readonly fetch?: string;
  };
}

const api = "type.googleapis.com/envoy";

export const CLUSTER = `${api}.config.cluster.v3.Cluster`;
export const ENDPOINTS = `${api}.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER = `${api}.config.listener.v3.Listener`;
export const ROUTES = `${api}.config.route.v3.RouteConfiguration`;
const SCOPED_ROUTES = `${api}.config.route.v3.ScopedRouteConfiguration`;
export const VIRTUAL_HOST = `${api}.config.route.v3.VirtualHost`;
const SECRET = `${api}.extensions.transport_sockets.tls.v3.Secret`;
const EXTENSION_CONFIG = `${api}.config.core.v3.TypedExtensionConfig`;
const LB_ENDPOINT = `${api}.config.endpoint.v3.LbEndpoint`;
const RUNTIME = `${api}.service.runtime.v3.Runtime`;

function service(name: string, noun: string) {
  return {
    name: `envoy.service.${name}DiscoveryService`,
    sotw: `Stream${noun}`,
    delta: `Delta${noun}`,
    fetch: `Fetch${noun}`,
  };
}

const named = { hasLegacyWildcard: false, isFullState: false } as const;
const whole = { hasLegacyWildcard: true, isFullState: true } as const;

const free = { waitsForEarlier: false, holdsLater: false } as const;
const first = { waitsForEarlier: false, holdsLater: true } as const;
const between = { waitsForEarlier: true, holdsLater: true } as const;
const last = { waitsForEarlier: true, holdsLater: false } as const;

/** Envoy 1.40 drops these, and these alone, when their TTL runs out. */
const bearTtls: readonly string[] = ["CDS", "LDS", "RTDS", "ECDS"];

const localityEndpoints = {
  name: "envoy.service.endpoint.v3.LocalityEndpointDiscoveryService",
  delta: "DeltaLocalityEndpoints",
};

const virtualHosts = {
  name: "envoy.service.route.v3.VirtualHostDiscoveryService",
  delta: "DeltaVirtualHosts",
};

/**
 * The resource types of the v3 API, in their order. Runtime comes first because Envoy waits for it before it asks
 * for clusters (XDS-116); secrets and endpoints never wait (XDS-98, XDS-102).
 */
export const v3Types: readonly ServedType[] = [
  { label: "RTDS", typeUrl: RUNTIME, ...named, ...free, service: service("runtime.v3.Runtime", "Runtime") },
  { label: "CDS", typeUrl: CLUSTER, ...whole, ...first, service: service("cluster.v3.Cluster", "Clusters") },
  {
    label: "EDS",
    typeUrl: ENDPOINTS,
    ...named,
    ...first,
    service: service("endpoint.v3.Endpoint", "Endpoints"),
  },
  { label: "LEDS", typeUrl: LB_ENDPOINT, ...named, ...free, service: localityEndpoints },
  { label: "SDS", typeUrl: SECRET, ...named, ...free, service: service("secret.v3.Secret", "Secrets") },
  {
    label: "LDS",
    typeUrl: LISTENER,
    ...whole,
    ...between,
    service: service("listener.v3.Listener", "Listeners"),
  },
  {
    label: "ECDS",
    typeUrl: EXTENSION_CONFIG,
    ...named,
    ...last,
    service: service("extension.v3.ExtensionConfig", "ExtensionConfigs"),
  },
  {
    label: "SRDS",
    typeUrl: SCOPED_ROUTES,
    ...whole,
    ...last,
    service: service("route.v3.ScopedRoutes", "ScopedRoutes"),
  },
  { label: "RDS", typeUrl: ROUTES, ...named, ...last, service: service("route.v3.Route", "Routes") },
  { label: "VHDS", typeUrl: VIRTUAL_HOST, ...named, ...last, service: virtualHosts },
].map((traits, order) => ({
  ...traits,
  order,
  naming: traits.label === "VHDS" ? "hosts" : "exact",
  bearsTtl: bearTtls.includes(traits.label),
}));

const v3ByUrl: ReadonlyMap<string, ServedType> = new Map(v3Types.map((type) => [type.typeUrl, type]));

const ownWays = { order: v3Types.length, naming: "exact", bearsTtl: true } as const;

/** What is known of types: those of Envoy's API and, after them in order and always by name, a user's own. */
export function traitsWith(
  isOwnType: (typeUrl: string) => boolean,
): (typeUrl: string) => TypeTraits | undefined {
  const own = new Map<string, TypeTraits>();
  return (typeUrl) => {
    const known = v3ByUrl.get(typeUrl) ?? own.get(typeUrl);
    if (known || !isOwnType(typeUrl)) return known;
    const traits = { label: typeUrl, typeUrl, ...named, ...free, ...ownWays };
    own.set(typeUrl, traits);
    return traits;
  };
}
