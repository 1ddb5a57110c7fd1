import assert from "node:assert/strict";
import type { EffectKind } from "../../src/checks/impact/effect.ts";
import { resourceEffect } from "../../src/checks/impact/resource-effect.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
} from "../../src/schema/type-urls.ts";
import { adsBootstrap, assignment, edsCluster } from "../data-plane/proxy-kit.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { freePort } from "../kit/free-port.ts";
import { startPlainBackend } from "../kit/http-load.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import type { ScriptedClient } from "../kit/scripted-client.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { until } from "../kit/within.ts";
import { proxyStat, Server } from "./scripted-server.ts";

const schema = new Schema(loadDescriptors());
const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

export function typed(name: string, message: Message): Message {
  return { type_url: `type.googleapis.com/${name}`, value: schema.encode(name, message) };
}

/** A filter chain whose requests take the routes `web`; `prefix` makes another chain of it. */
export function chain(prefix: string, more: Message = {}): Message {
  const manager = typed(managerType, {
    stat_prefix: prefix,
    rds: { route_config_name: "web", config_source: { ads: {}, resource_api_version: "V3" } },
    http_filters: [
      { name: "router", typed_config: typed("envoy.extensions.filters.http.router.v3.Router", {}) },
    ],
  });
  return { filters: [{ name: "hcm", typed_config: manager }], ...more };
}

export function listener(port: number, more: Message = {}): Message {
  return {
    name: "web",
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [chain("web")],
    ...more,
  };
}

export function routes(more: Message = {}): Message {
  const route = { match: { prefix: "/" }, route: { cluster: "service" } };
  return { name: "web", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }], ...more };
}

export interface Scene {
  readonly xds: Server;
  readonly proxy: ProxyProcess;
  readonly port: number;
  readonly backends: readonly [number, number];
}

/**
 * A real Envoy with a listener, its routes, a cluster and its endpoints over ADS. Drains tell so at once, and cut what is left after
 * 600 seconds, or as many as are given.
 */
export async function play(
  body: (scene: Scene) => Promise<void>,
  more: { readonly drainSeconds?: number; readonly chains?: readonly Message[] } = {},
): Promise<void> {
  await using xds = await ScriptedXds.start();
  await using first = await startPlainBackend();
  await using second = await startPlainBackend();
  const port = await freePort();
  const { drainSeconds = 600, chains = [chain("web")] } = more;
  const args = ["--drain-strategy", "immediate", "--drain-time-s", String(drainSeconds)];
  await using proxy = await startEnvoy(adsBootstrap(xds, "sotw"), { args, untilLive: false });
  const server = new Server(await xds.stream(), "sotw");
  await server.stream.nextOf(CLUSTER);
  server.send(CLUSTER, "1", edsCluster("service"));
  await server.stream.nextOf(CLUSTER_LOAD_ASSIGNMENT);
  server.send(CLUSTER_LOAD_ASSIGNMENT, "1", assignment("service", first.port));
  await server.stream.nextOf(LISTENER);
  server.send(LISTENER, "1", listener(port, { filter_chains: chains }));
  await server.stream.nextOf(ROUTE_CONFIGURATION);
  server.send(ROUTE_CONFIGURATION, "1", routes());
  await proxyStat(proxy, "listener_manager.workers_started", 1);
  await until(
    10_000,
    () => "the listener listens",
    async () => (await proxy.admin.listenerPort("web").catch(() => undefined)) === port || undefined,
  );
  await body({ xds: server, proxy, port, backends: [first.port, second.port] });
}

/** What an answer on a connection says of it. */
export async function requestOn(client: ScriptedClient): Promise<"kept" | "asked to close"> {
  const before = client.received.length;
  client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  const isWhole = (bytes: Buffer) => bytes.subarray(before).toString("latin1").endsWith("\r\n\r\nok");
  const answer = (await client.receivedThat(isWhole)).subarray(before).toString("latin1");
  assert.match(answer, /^HTTP\/1.1 200/);
  return /connection: close/i.test(answer) ? "asked to close" : "kept";
}

/** The kind that Chancery gives the change. */
export function kindOf(typeUrl: string, before: Message, after: Message): EffectKind {
  return resourceEffect(typeUrl, before, after, []).kind;
}
