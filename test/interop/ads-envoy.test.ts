import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../../src/xds/type-traits.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { within } from "../kit/within.ts";
import { bootstrap, cluster, encode, endpoints, listener, routes } from "./ads-resources.ts";
import { expectStat, soonMs, startServer } from "./ads-server.ts";

const good = [cluster("a"), endpoints("a-endpoints", 9), listener("l"), routes("a")];

describe("the ADS server and Envoy", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"]) {
    it(`${apiType}: XDS-43 XDS-50 XDS-52 XDS-99 start, update, removal, refusal and recovery`, async () => {
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
