import type { Problem } from "../base/problem.ts";
import type { Address, Listener } from "../schema/api.ts";
import { fieldPath, itemPath } from "../schema/path.ts";
import { typeNameOf } from "../schema/type-urls.ts";
import { chainMatchKeys } from "./chain-match.ts";
import { repeats } from "./repeats.ts";
import type { Decoded, GroupView } from "./group-view.ts";
import { items } from "./located.ts";
import { placeIn, placeOfValue, problemAt } from "./problem-at.ts";

/** Addresses that two listeners want, and filter chains that Envoy cannot tell apart. */
export function checkListeners(view: GroupView): Problem[] {
  const listeners = [...view.listeners.values()];
  return [
    ...sharedAddresses(listeners),
    ...listeners.flatMap((listener) => [...checkChains(view, listener), ...streamFilters(listener)]),
  ];
}

function sharedAddresses(listeners: readonly Decoded<Listener>[]): Problem[] {
  const owners = new Map<string, Decoded<Listener>>();
  const problems: Problem[] = [];
  for (const listener of listeners) {
    const additional = items(listener, "additional_addresses").map(({ value, path }) => ({
      address: value.address,
      path: fieldPath(path, "address"),
    }));
    for (const { address, path } of [{ address: listener.value.address, path: "address" }, ...additional]) {
      const key = address && addressKey(address);
      if (!key) continue;
      const owner = owners.get(key);
      if (!owner) {
        owners.set(key, listener);
        continue;
      }
      const related = placeIn(owner.resource, "address");
      problems.push(
        problemAt(placeOfValue(listener.resource, path), {
          code: "duplicate-address",
          severity: "error",
          message: `listener ${JSON.stringify(listener.resource.name)} has the address ${key}, as listener ${JSON.stringify(owner.resource.name)} has`,
          path,
          ...(related ? { related: [{ place: related, message: "first here" }] } : {}),
        }),
      );
    }
  }
  return problems;
}

/** A text that is equal for addresses that cannot be bound twice; none for port 0, which is any free port. */
function addressKey({ socket_address: socket, pipe }: Address): string | undefined {
  if (pipe) return pipe.path;
  if (!socket?.port_value) return undefined;
  const host = socket.address ?? "";
  const text = `${host.includes(":") ? `[${host}]` : host}:${socket.port_value}`;
  const namespace = socket.network_namespace_filepath ? ` in ${socket.network_namespace_filepath}` : "";
  return `${text}${namespace}${socket.protocol === "UDP" ? " (UDP)" : ""}`;
}

/** Listener filters look at the start of a stream; on UDP, QUIC included, Envoy finds no such filter. */
function streamFilters(listener: Decoded<Listener>): Problem[] {
  if (listener.value.address?.socket_address?.protocol !== "UDP") return [];
  return items(listener, "listener_filters").flatMap(({ value, path }) => {
    const typeName = typeNameOf(value.typed_config?.type_url ?? "");
    if (!typeName.startsWith("envoy.extensions.filters.listener.")) return [];
    return problemAt(placeIn(listener.resource, path), {
      code: "filter-not-for-udp",
      severity: "error",
      message: `${typeName} is for TCP, and listener ${JSON.stringify(listener.resource.name)} is UDP, so Envoy refuses it`,
      path,
    });
  });
}

/** Datagrams without connections, and listeners inside a client library, have none. */
function needsChains({ default_filter_chain: last, api_listener: api, ...listener }: Listener): boolean {
  const isUdp = listener.address?.socket_address?.protocol === "UDP";
  return !last && !api && (!isUdp || listener.udp_listener_config?.quic_options !== undefined);
}

function checkChains(view: GroupView, listener: Decoded<Listener>): Problem[] {
  const chains = items(listener, "filter_chains");
  if (chains.length === 0 && needsChains(listener.value)) {
    return [
      problemAt(placeIn(listener.resource, "filter_chains"), {
        code: "no-filter-chains",
        severity: "error",
        message: `listener ${JSON.stringify(listener.resource.name)} has no filter_chains, so Envoy refuses it`,
      }),
    ];
  }
  const hasMatcher = listener.value.filter_chain_matcher !== undefined;
  const names = chains.flatMap(({ value, path }) =>
    value.name === undefined ? [] : [{ name: value.name, path: fieldPath(path, "name") }],
  );
  // A matcher picks chains by name; without one, names only tell chains apart in logs and statistics.
  const problems = repeats(
    listener.resource,
    "duplicate-filter-chain-name",
    "filter chain",
    hasMatcher ? "error" : "warning",
    names,
  );
  if (hasMatcher) return problems;
  const owners = new Map<string, number>();
  chains.forEach(({ value }, index) => {
    const keys = chainMatchKeys(view.schema, value.filter_chain_match ?? {});
    const key = keys.find((candidate) => owners.has(candidate));
    for (const own of keys) if (!owners.has(own)) owners.set(own, index);
    if (key === undefined) return;
    const path = itemPath("filter_chains", index);
    const first = placeIn(listener.resource, itemPath("filter_chains", owners.get(key)!));
    problems.push(
      problemAt(placeIn(listener.resource, path), {
        code: "duplicate-filter-chain-match",
        severity: "error",
        message: "two filter chains match the same connections, so Envoy refuses the listener",
        path,
        ...(first ? { related: [{ place: first, message: "the other one" }] } : {}),
      }),
    );
  });
  return problems;
}
