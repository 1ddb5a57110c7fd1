import type { Place } from "../../base/problem.ts";
import { detectClient } from "./detect-client.ts";
import type { ClusterSettings, HttpSettings } from "./hop-settings.ts";
import type { ChainedHop, Passed, Refused } from "./pass-hop.ts";
import type { TracedAddress, Wire } from "./wire.ts";

/** Where an address is lost, by which line, and what to do. */
export interface Loss {
  /** The hop whose configuration is the cause. */
  readonly hop: string;
  readonly place?: Place;
  readonly message: string;
  readonly advice: string;
}

/** In what a connection carries an address. */
export interface Carriers {
  readonly tcp: boolean;
  readonly header: boolean;
  readonly xff: boolean;
}

export function carriersOf(wire: Wire, address: TracedAddress): Carriers {
  return {
    tcp: wire.tcpSource === address,
    header: wire.headers.some(({ source }) => source === address),
    xff: wire.xff?.includes(address) ?? false,
  };
}

export function isCarried({ tcp, header, xff }: Carriers): boolean {
  return tcp || header || xff;
}

/** Why nothing that leaves a hop carries the address that it knew. */
export function lossBehind({ settings }: ChainedHop, { way }: Passed): Loss {
  const { filter, cluster } = way;
  const hop = settings.name;
  if (filter.kind === "tcp") {
    return withPlace(cluster.socketAt ?? cluster.place, {
      hop,
      message: `nothing on the connections of cluster ${cluster.name} tells the client's address`,
      advice:
        "give the cluster an upstream_proxy_protocol transport socket, where the upstream reads the header",
    });
  }
  if (filter.detections.length > 0) {
    return withPlace(filter.detectionsAt, {
      hop,
      message: "the detection extensions append nothing to x-forwarded-for",
      advice:
        "set skip_xff_append: false in the xff extension, or use_remote_address: true in place of the extensions",
    });
  }
  if (filter.usesRemoteAddress) {
    return withPlace(filter.skipsAppendAt, {
      hop,
      message: "skip_xff_append keeps the client's address out of x-forwarded-for",
      advice: "remove skip_xff_append",
    });
  }
  return withPlace(filter.usesRemoteAddressAt, {
    hop,
    message: "without use_remote_address the client's address is not put into x-forwarded-for",
    advice: "set use_remote_address: true",
  });
}

/** Why a hop does not see the address that its connection brings; undefined where it need not. */
export function lossAt(
  { settings, address }: ChainedHop,
  wire: Wire,
  passed: Passed,
  from: TracedAddress,
): Loss | undefined {
  const { way } = passed;
  const brought = carriersOf(wire, from);
  const hop = settings.name;
  if (brought.header && passed.out.headers.some(({ source }) => source === from) && !passed.read) {
    return withPlace(settings.place, {
      hop,
      message: "the listener reads no PROXY header, and passes the one that comes on as data",
      advice:
        "put envoy.filters.listener.proxy_protocol into listener_filters, if this hop is to know the client",
    });
  }
  if (way.filter.kind === "tcp") return undefined;
  if (!brought.xff) {
    return withPlace(way.filter.usesRemoteAddressAt, {
      hop,
      message: `it takes ${passed.client} for the client, and not its connection's remote address`,
      advice: "set use_remote_address: true",
    });
  }
  const hops = trustedHopsFor(way.filter, passed.remote, address, wire.xff, from);
  const why = way.filter.usesRemoteAddress
    ? `use_remote_address with ${way.filter.trustedHops} trusted hops`
    : `${way.filter.trustedHops} trusted hops`;
  return withPlace(way.filter.trustedHops > 0 ? way.filter.trustedHopsAt : way.filter.usesRemoteAddressAt, {
    hop,
    message: `${why} takes ${passed.client} for the client, of x-forwarded-for ${JSON.stringify(wire.xff?.join(",") ?? "")}`,
    advice:
      hops === undefined
        ? "let the hop before it append to x-forwarded-for, or trust its address in original_ip_detection_extensions"
        : `set xff_num_trusted_hops: ${hops}, the number of proxies in front of it that append to x-forwarded-for`,
  });
}

/** What to do about a connection that a hop does not take; `before` is what the hop that opened it did. */
export function lossByRefusal(
  { settings }: ChainedHop,
  before: { readonly name: string; readonly cluster: ClusterSettings } | undefined,
  refused: Refused,
): Loss {
  const written = before?.cluster.header;
  const isDemanded = refused.reason.includes("none comes");
  const advice = isDemanded
    ? before
      ? `give cluster ${before.cluster.name} of ${before.name} an upstream_proxy_protocol transport socket`
      : "let a load balancer that writes the header stand in front, or set allow_requests_without_proxy_protocol"
    : written
      ? `put envoy.filters.listener.proxy_protocol into listener_filters, or take upstream_proxy_protocol from cluster ${before.cluster.name} of ${before.name}`
      : "see which filter chain is meant for this peer";
  return withPlace(refused.place, { hop: settings.name, message: refused.reason, advice });
}

/** The least number of trusted hops with which the manager would find the address. */
function trustedHopsFor(
  filter: HttpSettings,
  remote: TracedAddress,
  own: TracedAddress,
  xff: readonly string[] | undefined,
  from: TracedAddress,
): number | undefined {
  const numbers = Array.from({ length: (xff?.length ?? 0) + 1 }, (_, index) => index);
  return numbers.find(
    (trustedHops) =>
      detectClient({ ...filter, detections: [], trustedHops }, remote, own, xff).client === from,
  );
}

function withPlace(place: Place | undefined, loss: Omit<Loss, "place">): Loss {
  return place ? { ...loss, place } : loss;
}
