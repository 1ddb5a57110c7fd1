import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/schema/message.ts";
import type { EffectKind } from "../../src/checks/impact/effect.ts";
import { resourceEffect } from "../../src/checks/impact/resource-effect.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
} from "../../src/schema/type-urls.ts";
import { assignment, edsCluster } from "../data-plane/proxy-kit.ts";
import { freePort } from "../kit/free-port.ts";
import { needs } from "../kit/peers.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { until } from "../kit/within.ts";
import { chain, kindOf, listener, play, requestOn, routes, typed } from "./impact-kit.ts";
import { proxyStat } from "./scripted-server.ts";

describe("what a change does on a real Envoy", needs("envoy"), () => {
  const cases: readonly {
    readonly name: string;
    readonly change: (port: number) => Message;
    readonly kind: EffectKind;
    readonly connection: "kept" | "asked to close";
    readonly stat: "listener_in_place_updated" | "listener_modified";
  }[] = [
    {
      name: "adds a filter chain and leaves the connections of others alone",
      change: (port) =>
        listener(port, {
          filter_chains: [
            chain("web"),
            chain("more", { filter_chain_match: { server_names: ["a.example"] } }),
          ],
        }),
      kind: "in-place",
      connection: "kept",
      stat: "listener_in_place_updated",
    },
    {
      name: "drains a filter chain that changed",
      change: (port) => listener(port, { filter_chains: [chain("other")] }),
      kind: "filter-chain-drained",
      connection: "asked to close",
      stat: "listener_in_place_updated",
    },
    {
      name: "drains the listener when more than filter chains changed",
      change: (port) => listener(port, { per_connection_buffer_limit_bytes: { value: 32768 } }),
      kind: "listener-drained",
      connection: "asked to close",
      stat: "listener_modified",
    },
    {
      name: "does nothing for a field that is set to its default",
      change: (port) => listener(port, { freebind: {} }),
      kind: "in-place",
      connection: "kept",
      stat: "listener_in_place_updated",
    },
    {
      name: "takes another socket for other socket options",
      change: (port) => listener(port, { tcp_fast_open_queue_length: { value: 5 } }),
      kind: "re-bound",
      connection: "asked to close",
      stat: "listener_modified",
    },
  ];
  for (const { name, change, kind, connection, stat } of cases) {
    it(`${name}: ${kind}`, async () => {
      await play(async ({ xds, proxy, port }) => {
        const after = change(port);
        assert.equal(kindOf(LISTENER, listener(port), after), kind);
        await using client = await connectTo(port);
        assert.equal(await requestOn(client), "kept");
        xds.send(LISTENER, "2", after);
        await proxyStat(proxy, `listener_manager.${stat}`, 1);
        await proxyStat(proxy, "listener_manager.total_listeners_warming", 0);
        assert.equal(await requestOn(client), connection);
        await using next = await connectTo(port);
        assert.equal(await requestOn(next), "kept");
      });
    });
  }

  it("binds another address and drains the connections of the old one: re-bound", async () => {
    await play(async ({ xds, proxy, port }) => {
      const other = await freePort();
      assert.equal(kindOf(LISTENER, listener(port), listener(other)), "re-bound");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(LISTENER, "2", listener(other));
      await proxyStat(proxy, "listener_manager.listener_modified", 1);
      await proxyStat(proxy, "listener_manager.total_listeners_draining", 1);
      assert.equal(await requestOn(client), "asked to close");
      await using next = await connectTo(other);
      assert.equal(await requestOn(next), "kept");
    });
  });

  it("drains the connections of a listener that is removed, and listens no more: listener-removed", async () => {
    await play(async ({ xds, proxy, port }) => {
      assert.equal(resourceEffect(LISTENER, listener(port), undefined, []).kind, "listener-removed");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(LISTENER, "2");
      await proxyStat(proxy, "listener_manager.listener_removed", 1);
      assert.equal(await requestOn(client), "asked to close");
    });
  });

  it("is refused another reuse_port: refused", async () => {
    await play(async ({ xds, proxy, port }) => {
      const after = listener(port, { enable_reuse_port: { value: false } });
      assert.equal(kindOf(LISTENER, listener(port), after), "refused");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(LISTENER, "2", after);
      assert.match(await xds.refusal(LISTENER), /reuse port cannot be changed during an update/);
      assert.equal(await requestOn(client), "kept");
      await proxyStat(proxy, "listener_manager.listener_modified", 0);
    });
  });

  it("answers 503 for requests to a cluster that is removed, and keeps the client: cluster-removed", async () => {
    await play(async ({ xds, proxy, port }) => {
      assert.equal(resourceEffect(CLUSTER, edsCluster("service"), undefined, []).kind, "cluster-removed");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(CLUSTER, "2");
      await proxyStat(proxy, "cluster_manager.cluster_removed", 1);
      const { length } = client.received;
      client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      const answer = await client.receivedThat((bytes) => bytes.subarray(length).includes("\r\n\r\n"));
      assert.match(answer.subarray(length).toString("latin1"), /^HTTP\/1.1 503(?![^]*connection: close)/);
    });
  });

  it("takes other routes for the next request of a connection: in-place", async () => {
    await play(async ({ xds, proxy, port }) => {
      const after = routes({ response_headers_to_remove: ["x-nobody"] });
      assert.equal(kindOf(ROUTE_CONFIGURATION, routes(), after), "in-place");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(ROUTE_CONFIGURATION, "2", after);
      await proxyStat(proxy, "http.web.rds.web.config_reload", 2);
      assert.equal(await requestOn(client), "kept");
      await proxyStat(proxy, "cluster.service.upstream_cx_total", 1);
    });
  });

  it("gives up the upstream connections of a cluster that changed, not the client's: cluster-re-warmed", async () => {
    await play(async ({ xds, proxy, port, backends }) => {
      const after = edsCluster("service", { connect_timeout: { seconds: "3" } });
      assert.equal(kindOf(CLUSTER, edsCluster("service"), after), "cluster-re-warmed");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(CLUSTER, "2", after);
      xds.send(CLUSTER_LOAD_ASSIGNMENT, "2", assignment("service", backends[0]));
      await proxyStat(proxy, "cluster_manager.cluster_modified", 1);
      await proxyStat(proxy, "cluster.service.upstream_cx_destroy", 1);
      assert.equal(await requestOn(client), "kept");
      await proxyStat(proxy, "cluster.service.upstream_cx_total", 2);
    });
  });

  it("keeps connections to endpoints that stay, and gives up those to one that is gone: endpoints-drained", async () => {
    await play(async ({ xds, proxy, port, backends: [first, second] }) => {
      const one = assignment("service", first);
      const both = assignment("service", first, second);
      const other = assignment("service", second);
      assert.equal(kindOf(CLUSTER_LOAD_ASSIGNMENT, one, both), "in-place");
      assert.equal(kindOf(CLUSTER_LOAD_ASSIGNMENT, both, other), "endpoints-drained");
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(CLUSTER_LOAD_ASSIGNMENT, "2", both);
      await proxyStat(proxy, "cluster.service.membership_total", 2);
      await proxyStat(proxy, "cluster.service.upstream_cx_destroy", 0);
      xds.send(CLUSTER_LOAD_ASSIGNMENT, "3", other);
      await proxyStat(proxy, "cluster.service.membership_total", 1);
      await proxyStat(proxy, "cluster.service.upstream_cx_destroy", 1);
      assert.equal(await requestOn(client), "kept");
    });
  });

  it("leaves TCP connections to an endpoint that is gone, and over a cluster that changed, as they are", async () => {
    await play(async ({ xds, proxy, port, backends: [first, second] }) => {
      const relay = typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", {
        stat_prefix: "tcp",
        cluster: "service",
      });
      const filters = [{ name: "tcp", typed_config: relay }];
      xds.send(LISTENER, "2", listener(port, { filter_chains: [{ filters }] }));
      await proxyStat(proxy, "listener_manager.listener_in_place_updated", 1);
      await using client = await connectTo(port);
      await requestOn(client);
      xds.send(CLUSTER_LOAD_ASSIGNMENT, "2", assignment("service", second));
      await until(
        10_000,
        () => "the endpoint is gone",
        async () => {
          const { body } = await proxy.admin.request("GET", "/clusters");
          return body.includes(`127.0.0.1:${second}`) && !body.includes(`service::127.0.0.1:${first}`)
            ? true
            : undefined;
        },
      );
      assert.equal(await requestOn(client), "kept");
      xds.send(CLUSTER, "2", edsCluster("service", { connect_timeout: { seconds: "3" } }));
      xds.send(CLUSTER_LOAD_ASSIGNMENT, "3", assignment("service", second));
      await proxyStat(proxy, "cluster_manager.cluster_modified", 1);
      await proxyStat(proxy, "cluster_manager.warming_clusters", 0);
      assert.equal(await requestOn(client), "kept");
      await proxyStat(proxy, "cluster.service.upstream_cx_total", 1);
    });
  });
});
