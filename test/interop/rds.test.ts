import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLUSTER, LISTENER, ROUTE_CONFIGURATION as RDS } from "../../src/schema/type-urls.ts";
import { message } from "../data-plane/parse-kit.ts";
import { addressJson, live, staticCluster } from "../data-plane/proxy-kit.ts";
import { HttpLoad } from "../kit/http-load.ts";
import type { JsonObject } from "../kit/json.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { freePort } from "../kit/free-port.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import { answering, answers, ask, begin, proxyStat } from "./scripted-server.ts";

const types = "type.googleapis.com/";
const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** A listener, as JSON, whose routes come over RDS. */
function rdsListener(name: string, port: number, routes: string, timeout = "15s"): JsonObject {
  const manager = {
    "@type": types + MANAGER,
    stat_prefix: "web",
    rds: { route_config_name: routes, config_source: { ads: {}, initial_fetch_timeout: timeout } },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
      },
    ],
  };
  return {
    name,
    address: addressJson(port),
    filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
  };
}

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`RDS over ${mode} with ${plane}`, options, () => {
      it("opens with the routes, refuses bad ones and follows good ones (XC-11, XC-28, XC-46)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, RDS, rdsListener("http", 0, "r"));
        const { proxy, server } = scene;
        assert.equal(await proxy.admin.isReady(), false);
        server.send(RDS, "1", answering("r", "one"));
        await live(proxy);
        const port = await proxy.admin.listenerPort("http");
        assert.equal(await ask(port), "200 one");
        const all = { name: "a", domains: ["*"] };
        server.send(RDS, "2", { name: "r", virtual_hosts: [all, { ...all, name: "b" }] });
        const reason = await server.refusal(RDS);
        assert.match(reason, /Only a single wildcard domain is permitted in route r$/);
        assert.equal(await ask(port), "200 one");
        server.send(RDS, "3", answering("r", "three"));
        await answers(port, "200 three");
        if (mode === "delta") {
          server.remove(RDS, "r");
          await server.stream.nextOf(RDS);
          assert.equal(await ask(port), "200 three");
        }
        const stats = await proxy.admin.stats("^http\\.web\\.rds\\.r\\.");
        assert.equal(stats.get("http.web.rds.r.config_reload"), 2);
        assert.equal(stats.get("http.web.rds.r.update_rejected"), 1);
        assert.equal(stats.get("http.web.rds.r.update_success"), mode === "delta" ? 3 : 2);
      });

      it("warms a listener of LDS on its routes; the one before serves meanwhile (XC-42)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, RDS, rdsListener("http", 0, "r"));
        const { proxy, server } = scene;
        server.send(RDS, "1", answering("r", "one"));
        await live(proxy);
        const port = await freePort();
        const listenerOf = (routes: string) => {
          const json = rdsListener("late", port, routes);
          return message("envoy.config.listener.v3.Listener", JSON.stringify(json));
        };
        server.send(LISTENER, "2", listenerOf("s"));
        await proxyStat(proxy, "listener_manager.total_listeners_warming", 1);
        assert.equal(await ask(port), undefined);
        server.send(RDS, "2", answering("r", "one"), answering("s", "late one"));
        await answers(port, "200 late one");
        server.send(LISTENER, "3", listenerOf("t"));
        await proxyStat(proxy, "listener_manager.total_listeners_warming", 1);
        assert.equal(await ask(port), "200 late one");
        server.send(RDS, "3", answering("r", "one"), answering("s", "late one"), answering("t", "late two"));
        await answers(port, "200 late two");
      });

      it("opens without the routes that do not come in time, and takes them later (XC-13, XC-15)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, RDS, rdsListener("http", 0, "r", "0.3s"));
        const { proxy, server } = scene;
        await live(proxy);
        const port = await proxy.admin.listenerPort("http");
        assert.equal(await ask(port), "404 ");
        assert.equal((await proxy.admin.stats()).get("http.web.rds.r.init_fetch_timeout"), 1);
        server.send(RDS, "1", answering("r", "late"));
        await answers(port, "200 late");
      });

      it("takes routes to a cluster that is not there, answers 503, and serves when it comes (XC-41)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, RDS, rdsListener("http", 0, "r"));
        const { proxy, server } = scene;
        const route = { match: { prefix: "/" }, route: { cluster: "later" } };
        const virtual_hosts = [{ name: "all", domains: ["*"], routes: [route] }];
        server.send(RDS, "1", { name: "r", virtual_hosts });
        await live(proxy);
        assert.equal((await proxy.admin.stats()).get("http.web.rds.r.update_success"), 1);
        const port = await proxy.admin.listenerPort("http");
        assert.equal(await ask(port), "503 ");
        await using upstream = await startRecordingBackend({
          answer: ({ socket }) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere"),
        });
        server.send(CLUSTER, "2", staticCluster("later", upstream.port));
        await answers(port, "200 here");
      });

      it("changes routes under load without losing a request (XC-46)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, RDS, rdsListener("http", 0, "r"));
        const { proxy, server } = scene;
        server.send(RDS, "1", answering("r", "0"));
        await live(proxy);
        const load = new HttpLoad(await proxy.admin.listenerPort("http"), { rate: 300, connections: 4 });
        for (let update = 1; update <= 20; update += 1) {
          server.send(RDS, String(update + 1), answering("r", String(update)));
          await proxyStat(proxy, "http.web.rds.r.config_reload", update + 1);
        }
        const { sent, failed, answers: found } = await load.stop();
        assert.deepEqual([failed, [...found.keys()]], [0, ["200"]]);
        assert.ok(sent > 0);
      });
    });
  }
}
