import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import { TYPED_EXTENSION_CONFIG as ECDS } from "../../src/schema/type-urls.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { message, schema } from "../data-plane/parse-kit.ts";
import { addressJson, live } from "../data-plane/proxy-kit.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import type { AdminClient } from "../kit/admin-client.ts";
import type { JsonObject } from "../kit/json.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { until } from "../kit/within.ts";
import { ask, begin, proxyStat } from "./scripted-server.ts";

const http = "envoy.extensions.filters.http";
const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const MUTATION = `${http}.header_mutation.v3.HeaderMutation`;
const CORS = `${http}.cors.v3.Cors`;
const ROUTER = `${http}.router.v3.Router`;
const LIMIT = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
const DIRECT = "envoy.extensions.filters.network.direct_response.v3.Config";
const PROXY = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";

const typed = (typeName: string, config: JsonObject = {}): JsonObject => ({
  "@type": `type.googleapis.com/${typeName}`,
  ...config,
});

/** A filter that sets `x-v` of answers. */
const setting = (value: string): JsonObject => ({
  mutations: {
    response_mutations: [
      { append: { header: { key: "x-v", value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } },
    ],
  },
});

/** A filter whose configuration is to be asked for over ADS. */
const discovered = (name: string, types: readonly string[], more: JsonObject = {}, timeout = "15s") => ({
  name,
  config_discovery: {
    config_source: { ads: {}, initial_fetch_timeout: timeout },
    type_urls: types.map((type) => `type.googleapis.com/${type}`),
    ...more,
  },
});

const router = { name: "router", typed_config: typed(ROUTER) };

/** Answers everything with 200. */
function manager(...filters: readonly JsonObject[]): JsonObject {
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const route_config = { virtual_hosts: [{ name: "all", domains: ["*"], routes }] };
  const http_filters = [...filters];
  return { name: "hcm", typed_config: typed(MANAGER, { stat_prefix: "web", route_config, http_filters }) };
}

function listener(name: string, filters: JsonObject[], listenerFilters: JsonObject[] = []): JsonObject {
  return {
    name,
    stat_prefix: name,
    address: addressJson(0),
    listener_filters: listenerFilters,
    filter_chains: [{ filters }],
  };
}

/** A resource of ECDS. */
function extension(name: string, typeName: keyof MessageTypes, config: JsonObject = {}): Message {
  const value = schema.encode(typeName, message(typeName, JSON.stringify(config)));
  return { name, typed_config: { type_url: `type.googleapis.com/${typeName}`, value } };
}

/** Status and `x-v` of an answer; undefined when the connection breaks. */
async function value(port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    return `${response.status} ${response.headers.get("x-v") ?? "-"}`;
  } catch {
    return undefined; // Refused or reset.
  }
}

async function values(port: number, wanted: string | undefined): Promise<void> {
  const isThere = async () => ((await value(port)) === wanted ? true : undefined);
  await until(10_000, () => `port ${port} answers ${wanted}`, isThere);
}

/** Version and name of each filter in the sections of `/config_dump` that are of ECDS. */
async function dumped({ admin }: { readonly admin: AdminClient }): Promise<readonly unknown[]> {
  const dump = await admin.configDump();
  const sections = isRecord(dump) && Array.isArray(dump["configs"]) ? dump["configs"].filter(isRecord) : [];
  return sections
    .filter((section) => section["@type"] === "type.googleapis.com/envoy.admin.v3.EcdsConfigDump")
    .flatMap(({ ecds_filters: filters }) => (Array.isArray(filters) ? filters.filter(isRecord) : []))
    .map(({ version_info: version, ecds_filter: filter }) => [
      version,
      isRecord(filter) ? filter["name"] : undefined,
    ]);
}

const scope = "extension_config_discovery.http_filter";

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`ECDS over ${mode} with ${plane}`, options, () => {
      it("warms a listener on its filter, refuses another type and follows good ones (XC-42, XC-48)", async () => {
        await using xds = await ScriptedXds.start();
        const filters = [discovered("f", [MUTATION]), router];
        await using scene = await begin(xds, mode, start, ECDS, listener("l", [manager(...filters)]));
        const { proxy, server } = scene;
        assert.equal(await proxy.admin.isReady(), false);
        server.send(ECDS, "1", extension("f", MUTATION, setting("one")));
        await live(proxy);
        const port = await proxy.admin.listenerPort("l");
        assert.equal(await value(port), "200 one");
        server.send(ECDS, "2", extension("f", CORS));
        const reason = await server.refusal(ECDS);
        assert.equal(reason, `Error: filter config has type URL ${CORS} but expect ${MUTATION}.`);
        assert.equal(await value(port), "200 one");
        server.send(ECDS, "3", extension("f", MUTATION, setting("three")));
        await values(port, "200 three");
        assert.deepEqual(await dumped(proxy), [["3", "f"]]);
        const stats = await proxy.admin.stats(`^${scope}`);
        const found = (name: string) => stats.get(`${scope}.f.${name}`);
        const names = ["config_reload", "config_fail", "config_conflict", "update_success"];
        assert.deepEqual(names.map(found), [2, 1, 0, 2]);
        assert.equal(found("update_rejected"), 1);
      });

      it("keeps a request on the connection that it began on while the filter changes (XC-48)", async () => {
        await using xds = await ScriptedXds.start();
        const filters = [discovered("f", [MUTATION]), router];
        await using scene = await begin(xds, mode, start, ECDS, listener("l", [manager(...filters)]));
        const { proxy, server } = scene;
        server.send(ECDS, "1", extension("f", MUTATION, setting("one")));
        await live(proxy);
        await using client = await connectTo(await proxy.admin.listenerPort("l"));
        client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        await client.receivedThat((bytes) => bytes.toString("latin1").includes("x-v: one"));
        server.send(ECDS, "2", extension("f", MUTATION, setting("two")));
        await proxyStat(proxy, `${scope}.f.config_reload`, 2);
        client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        await client.receivedThat((bytes) => bytes.toString("latin1").includes("x-v: two"));
        assert.equal((await proxy.admin.stats()).get("listener.l.downstream_cx_total"), 1);
      });

      it("answers 500 without a filter, and with the default where there is one (XC-13, XC-48)", async () => {
        await using xds = await ScriptedXds.start();
        const fallback = { default_config: typed(MUTATION, setting("default")) };
        const unwarmed = { ...fallback, apply_default_config_without_warming: true };
        await using scene = await begin(
          xds,
          mode,
          start,
          ECDS,
          listener("bare", [manager(discovered("a", [MUTATION], {}, "0.3s"), router)]),
          listener("with", [manager(discovered("b", [MUTATION], fallback, "0.3s"), router)]),
          listener("cold", [manager(discovered("c", [MUTATION], unwarmed, "15s"), router)]),
        );
        const { proxy, server } = scene;
        await live(proxy);
        const ports = await Promise.all(
          ["bare", "with", "cold"].map((name) => proxy.admin.listenerPort(name)),
        );
        const found = () => Promise.all(ports.map(value));
        assert.deepEqual(await found(), ["500 -", "200 default", "200 default"]);
        const stats = await proxy.admin.stats(`^${scope}`);
        const counts = ["a", "b", "c"].map((name) => [
          stats.get(`${scope}.${name}.init_fetch_timeout`),
          stats.get(`${scope}.${name}.config_fail`),
        ]);
        assert.deepEqual(counts, [
          [1, 1],
          [1, 1],
          [0, 0],
        ]);
        const all = ["a", "b", "c"].map((name) => extension(name, MUTATION, setting("come")));
        server.send(ECDS, "1", ...all);
        for (const port of ports) await values(port, "200 come");
      });

      it("takes the router over ECDS, and none but the router as the last (XC-48)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(
          xds,
          mode,
          start,
          ECDS,
          listener("l", [manager(discovered("f", [ROUTER, MUTATION], {}, "0.3s"))]),
        );
        const { proxy, server } = scene;
        await live(proxy);
        const port = await proxy.admin.listenerPort("l");
        assert.equal(await value(port), "500 -");
        server.send(ECDS, "1", extension("f", MUTATION));
        assert.match(
          await server.refusal(ECDS),
          /^Error: non-terminal filter named f of type .* is the last filter/,
        );
        server.send(ECDS, "2", extension("f", ROUTER));
        await values(port, "200 -");
      });

      it("closes connections whose network or listener filters are missing (XC-48)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(
          xds,
          mode,
          start,
          ECDS,
          listener("gate", [discovered("g", [LIMIT], {}, "0.3s"), manager(router)]),
          listener("end", [discovered("e", [DIRECT], {}, "0.3s")]),
          listener("head", [manager(router)], [discovered("h", [PROXY], {}, "0.3s")]),
        );
        const { proxy, server } = scene;
        await live(proxy);
        const ports = await Promise.all(
          ["gate", "end", "head"].map((name) => proxy.admin.listenerPort(name)),
        );
        assert.deepEqual(await Promise.all(ports.map((port) => ask(port))), [
          undefined,
          undefined,
          undefined,
        ]);
        const stats = await proxy.admin.stats("extension_config_missing");
        const missing = ["gate.network_", "end.network_", "head."].map((name) =>
          stats.get(`listener.${name}extension_config_missing`),
        );
        assert.deepEqual(missing, [1, 1, 1]);
        server.send(
          ECDS,
          "1",
          extension("g", LIMIT, {
            stat_prefix: "gate",
            token_bucket: { max_tokens: 100, fill_interval: "60s" },
          }),
          extension("e", DIRECT, { response: { inline_string: "HTTP/1.1 200 OK\r\nx-v: end\r\n\r\n" } }),
          extension("h", PROXY, { allow_requests_without_proxy_protocol: true }),
        );
        await values(ports[0]!, "200 -");
        await values(ports[1]!, "200 end");
        await values(ports[2]!, "200 -");
      });

      if (mode === "delta") {
        it("takes a removed filter out, or back to the default, and the same one in again (XC-48)", async () => {
          await using xds = await ScriptedXds.start();
          const fallback = { default_config: typed(MUTATION, setting("default")) };
          await using scene = await begin(
            xds,
            mode,
            start,
            ECDS,
            listener("bare", [manager(discovered("a", [MUTATION]), router)]),
            listener("with", [manager(discovered("b", [MUTATION], fallback), router)]),
          );
          const { proxy, server } = scene;
          const both = ["a", "b"].map((name) => extension(name, MUTATION, setting("here")));
          server.send(ECDS, "1", ...both);
          await live(proxy);
          const bare = await proxy.admin.listenerPort("bare");
          const withDefault = await proxy.admin.listenerPort("with");
          await values(bare, "200 here");
          await values(withDefault, "200 here");
          server.remove(ECDS, "a");
          await values(bare, "500 -");
          server.remove(ECDS, "b");
          await values(withDefault, "200 default");
          assert.deepEqual(await dumped(proxy), []);
          server.send(ECDS, "1", ...both);
          await values(bare, "200 here");
          await values(withDefault, "200 here");
          assert.equal((await proxy.admin.stats()).get(`${scope}.a.config_reload`), 3);
        });
      }
    });
  }
}
