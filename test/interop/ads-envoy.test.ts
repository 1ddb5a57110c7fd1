import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../../src/xds/type-traits.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { needs } from "../kit/peers.ts";
import { until, within } from "../kit/within.ts";
import { EventLog } from "../server/event-log.ts";

const schema = new Schema(loadDescriptors());

function encode(typeUrl: string, message: Message): Buffer {
  return schema.encode(typeUrl.slice(typeUrl.indexOf("/") + 1), message);
}

const ads = { ads: {}, resource_api_version: "V3" };

function cluster(name: string, timeoutSeconds = 1) {
  const message = {
    name,
    type: "EDS",
    eds_cluster_config: { eds_config: ads, service_name: `${name}-endpoints` },
    connect_timeout: { seconds: String(timeoutSeconds) },
  };
  return { typeUrl: CLUSTER, name, bytes: encode(CLUSTER, message) };
}

function endpoints(name: string, port: number) {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const message = { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
  return { typeUrl: ENDPOINTS, name, bytes: encode(ENDPOINTS, message) };
}

function listener(name: string) {
  const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const router = "envoy.extensions.filters.http.router.v3.Router";
  const value = schema.encode(manager, {
    stat_prefix: "http",
    rds: { route_config_name: "routes", config_source: ads },
    http_filters: [
      { name: "router", typed_config: { type_url: `type.googleapis.com/${router}`, value: Buffer.alloc(0) } },
    ],
  });
  const message = {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      { filters: [{ name: "http", typed_config: { type_url: `type.googleapis.com/${manager}`, value } }] },
    ],
  };
  return { typeUrl: LISTENER, name, bytes: encode(LISTENER, message) };
}

function routes(clusterName: string) {
  const route = { match: { prefix: "/" }, route: { cluster: clusterName } };
  const message = { name: "routes", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] };
  return { typeUrl: ROUTES, name: "routes", bytes: encode(ROUTES, message) };
}

const good = [cluster("a"), endpoints("a-endpoints", 9), listener("l"), routes("a")];

function bootstrap(apiType: string, port: number) {
  const socket_address = { address: "127.0.0.1", port_value: port };
  return {
    node: { id: "envoy-1", cluster: "edge", metadata: { role: "edge" } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "chancery" } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: "chancery",
          type: "STATIC",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "chancery",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address } } }] }],
          },
        },
      ],
    },
  };
}

/** Well below the 15 s for which Envoy warms what nobody answers. */
const soonMs = 8_000;

/** A server whose one group is for Envoys of the cluster `edge`. */
async function startServer(resources: Parameters<typeof Snapshot.of>[0], port = 0) {
  const log = new EventLog();
  const server = createAdsServer({ address: `127.0.0.1:${port}`, drainMs: 0, onEvent: log.note });
  let snapshot: Snapshot | undefined;
  const serve = (next: typeof resources) => {
    snapshot = Snapshot.of(next, snapshot);
    const groups = [{ name: "all", match: { cluster: "edge" }, snapshot }];
    server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  };
  serve(resources);
  const started = await server.start();
  const isSynced = () => {
    const [stream] = server.streams();
    return stream?.types.length === 4 && stream.types.every(({ state }) => state === "SYNCED");
  };
  return {
    log,
    server,
    serve,
    port: started.port,
    /** Waits until the one stream has accepted all it should hold of four types. */
    synced: (what: string) => within(soonMs, what, log.until(isSynced)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function expectStat(envoy: ProxyProcess, name: string, value: number): Promise<void> {
  await until(soonMs, `${name} is ${value}`, async () => {
    const stats = await envoy.admin.stats(`^${name.replaceAll(".", "\\.")}$`);
    return stats.get(name) === value || undefined;
  });
}

describe("the ADS server and Envoy", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"]) {
    it(`${apiType}: start, update, removal, refusal and recovery`, async () => {
      await using up = await startServer(good);
      const { log, serve, server, synced } = up;
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await synced("all four types are accepted");
      const [stream] = server.streams();
      assert.deepEqual(
        stream?.types.map(({ typeUrl }) => typeUrl),
        [CLUSTER, ENDPOINTS, LISTENER, ROUTES],
      );
      assert.equal(stream?.node?.userAgentName, "envoy");
      assert.deepEqual(stream?.node?.metadata, { fields: { role: { string_value: "edge" } } });

      // XDS-43, XDS-99: an updated cluster warms until its endpoints come again, which nobody asks for in delta.
      serve([cluster("a", 2), ...good.slice(1)]);
      await expectStat(envoy, "cluster_manager.cluster_modified", 1);
      await synced("the changed cluster is accepted");
      await expectStat(envoy, "cluster_manager.warming_clusters", 0);

      // A rename behind the route.
      const renamed = [cluster("b"), endpoints("b-endpoints", 9), routes("b")];
      serve([...renamed, listener("l")]);
      await expectStat(envoy, "cluster_manager.cluster_removed", 1);
      await synced("the rename is accepted");
      await expectStat(envoy, "cluster_manager.active_clusters", 2);

      // XDS-50: the refused listener is sent once.
      serve([...renamed, { ...listener("l"), bytes: encode(LISTENER, { name: "l" }) }]);
      await within(soonMs, "the refusal", log.told("nacked"));
      assert.match(log.of("nacked")[0]?.message ?? "", /l: |listener/i);
      const sent = log.of("sent").length;

      serve([...renamed, listener("l")]);
      await synced("the repaired listener is accepted");
      assert.equal(log.of("nacked").length, 1);
      assert.equal(log.of("sent").length, sent + 1);

      serve([]);
      await expectStat(envoy, "cluster_manager.active_clusters", 1);
      await expectStat(envoy, "listener_manager.total_listeners_active", 0);
      assert.equal(log.of("streamClosed").length, 0);
    });

    it(`${apiType}: XDS-70 XDS-100 endpoints that do not exist hold up nothing`, async () => {
      await using up = await startServer([cluster("a"), listener("l"), routes("a")]);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await up.synced("all four types are accepted");
      await expectStat(envoy, "cluster_manager.active_clusters", 2);
    });

    it(`${apiType}: XDS-42 XDS-84 XDS-85 XDS-88 another replica sends what changed meanwhile and little else`, async () => {
      const first = await startServer(good);
      await using envoy = await startEnvoy(bootstrap(apiType, first.port));
      await first.synced("the first replica's resources are accepted");
      await first.server.close();
      await using second = await startServer([cluster("a", 2), ...good.slice(1)], first.port);
      await second.synced("the second replica's resources are accepted");
      await expectStat(envoy, "cluster_manager.cluster_modified", 1);
      await expectStat(envoy, "cluster_manager.warming_clusters", 0);
      const listeners = second.log.of("sent").filter(({ typeUrl }) => typeUrl === LISTENER);
      assert.deepEqual(
        listeners.filter(({ resourceCount }) => resourceCount > 0),
        [],
      );
    });
  }
});
