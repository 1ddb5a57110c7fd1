import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/schema/message.ts";
import { CLUSTER, LISTENER, RUNTIME } from "../../src/schema/type-urls.ts";
import type { SessionMode } from "../../data-plane/xds-client/session.ts";
import { message } from "../data-plane/parse-kit.ts";
import { addressJson, adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import type { JsonObject } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { answers, ask, proxyStat, Server } from "./scripted-server.ts";

const types = "type.googleapis.com/";
const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

const says = (body: string, match: JsonObject = {}): JsonObject => ({
  match: { prefix: "/", ...match },
  direct_response: { status: 200, body: { inline_string: body } },
});

/** Answers "on" for the share of requests that the key `share` gives, "off" for the others. */
const share = { runtime_fraction: { default_value: { numerator: 0 }, runtime_key: "share" } };
const manager: JsonObject = {
  "@type": types + MANAGER,
  stat_prefix: "web",
  route_config: {
    virtual_hosts: [{ name: "all", domains: ["*"], routes: [says("on", share), says("off")] }],
  },
  http_filters: [
    {
      name: "router",
      typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
    },
  ],
};
const listener: JsonObject = {
  name: "l",
  address: addressJson(0),
  filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
};

/** A bootstrap with a static, an RTDS and an admin layer. */
function layered(xds: ScriptedXds, mode: SessionMode, timeout: string): JsonObject {
  return {
    ...adsBootstrap(xds, mode, { staticResources: { listeners: [listener] } }),
    layered_runtime: {
      layers: [
        { name: "base", static_layer: { share: 0, other: { key: 1 } } },
        {
          name: "remote",
          rtds_layer: { name: "rt", rtds_config: { ads: {}, initial_fetch_timeout: timeout } },
        },
        { name: "admin", admin_layer: {} },
      ],
    },
  };
}

const layer = (values: JsonObject): Message =>
  message("envoy.service.runtime.v3.Runtime", JSON.stringify({ name: "rt", layer: values }));

/** Answers CDS and LDS with nothing; gives the port of the listener. */
async function goOn(server: Server, proxy: ProxyProcess): Promise<number> {
  await server.stream.nextOf(CLUSTER);
  server.send(CLUSTER, "1");
  await server.stream.nextOf(LISTENER);
  server.send(LISTENER, "1");
  await live(proxy);
  return proxy.admin.listenerPort("l");
}

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`RTDS over ${mode} with ${plane}`, options, () => {
      it("comes before CDS, and each request goes by what it says then (XC-11, XC-49)", async () => {
        await using xds = await ScriptedXds.start();
        await using proxy = await start(layered(xds, mode, "15s"), { untilLive: false });
        const server = new Server(await xds.stream(), mode);
        await server.stream.nextOf(RUNTIME);
        assert.deepEqual(server.stream.pending(), []);
        server.send(RUNTIME, "1", layer({ share: 100 }));
        const port = await goOn(server, proxy);
        assert.equal(await ask(port), "200 on");
        server.send(RUNTIME, "2", layer({ share: { numerator: 0, denominator: "MILLION" } }));
        await answers(port, "200 off");
        server.send(RUNTIME, "3", layer({ share: "100" }));
        await answers(port, "200 on");
        server.send(RUNTIME, "4", layer({ share: [1] }));
        assert.equal(await server.refusal(RUNTIME), "Invalid runtime entry value for share");
        assert.equal(await ask(port), "200 on");
        server.send(RUNTIME, "5", layer({ "not.known": 5 }));
        await answers(port, "200 off");
        const stats = await proxy.admin.stats("^runtime");
        const names = ["load_success", "num_layers", "num_keys", "update_success", "update_rejected"];
        assert.deepEqual(
          names.map((name) => stats.get(`runtime.${name}`)),
          [6, 3, 3, 4, 1],
        );
      });

      it("is waited for no longer than its timeout, and applies when it comes (XC-13, XC-49)", async () => {
        await using xds = await ScriptedXds.start();
        await using proxy = await start(layered(xds, mode, "0.3s"), { untilLive: false });
        const server = new Server(await xds.stream(), mode);
        const port = await goOn(server, proxy);
        assert.equal(await ask(port), "200 off");
        assert.equal((await proxy.admin.stats()).get("runtime.init_fetch_timeout"), 1);
        server.send(RUNTIME, "1", layer({ share: 100 }));
        await answers(port, "200 on");
        if (mode !== "delta") return;
        server.remove(RUNTIME, "rt");
        await answers(port, "200 off");
        server.send(RUNTIME, "1", layer({ share: 100 }));
        await answers(port, "200 on");
      });

      it("gives way to what the admin endpoint sets (XC-49)", async () => {
        await using xds = await ScriptedXds.start();
        await using proxy = await start(layered(xds, mode, "15s"), { untilLive: false });
        const server = new Server(await xds.stream(), mode);
        await server.stream.nextOf(RUNTIME);
        server.send(RUNTIME, "1", layer({ share: 100 }));
        const port = await goOn(server, proxy);
        const set = async (query: string) => {
          const { status, body } = await proxy.admin.request("POST", `/runtime_modify${query}`);
          return `${status} ${body.split("\n", 1)[0]}`;
        };
        assert.equal(await set("?share=0"), "200 OK");
        await answers(port, "200 off");
        await proxyStat(proxy, "runtime.admin_overrides_active", 1);
        const { body } = await proxy.admin.request("GET", "/runtime");
        const { entries } = JSON.parse(body);
        assert.deepEqual(entries.share, { final_value: "0", layer_values: ["0", "100", "0"] });
        assert.equal(await set("?share="), "200 OK");
        await answers(port, "200 on");
        await proxyStat(proxy, "runtime.admin_overrides_active", 0);
        assert.match(await set(""), /^400 usage: /);
      });
    });
  }
}
