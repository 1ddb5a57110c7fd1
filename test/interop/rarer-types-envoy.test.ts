import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until, within } from "../kit/within.ts";
import { bootstrap } from "./ads-resources.ts";

/** Below the 15 s for which Envoy waits for what nobody answers. */
const soonMs = 8_000;

const ads = { ads: {}, resource_api_version: "V3" };
const hcm =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router = { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" };
const headerMutation = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";

/** A listener `l` on a free port with this HTTP connection manager, as JSON, which YAML is. */
function listener(manager: object, filters: readonly object[] = []): string {
  const typed_config = {
    "@type": hcm,
    stat_prefix: "http",
    http_filters: [...filters, { name: "router", typed_config: router }],
    ...manager,
  };
  return JSON.stringify({
    listeners: [
      {
        name: "l",
        address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
        filter_chains: [{ filters: [{ name: "http", typed_config }] }],
      },
    ],
  });
}

const answering = (name: string, text: string) => ({
  name,
  virtual_hosts: [
    {
      name: "all",
      domains: ["*"],
      routes: [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: text } } }],
    },
  ],
});

/** Status, body and `x-from` of the answer. */
async function ask(envoy: ProxyProcess, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const port = await envoy.admin.listenerPort("l");
  const answer = new Promise<string>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent: false, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      const from = String(response.headers["x-from"] ?? "");
      response.on("end", () => resolve(`${response.statusCode} ${body} ${from}`.trim()));
    });
    sent.on("error", reject).end();
  });
  return within(soonMs, "the answer", answer);
}

async function untilAnswered(envoy: ProxyProcess, expected: string): Promise<void> {
  await until(soonMs, `the answer is ${expected}`, async () => (await ask(envoy)) === expected || undefined);
}

const layer = (value: number) => JSON.stringify({ layers: [{ name: "layer", layer: { key: value } }] });

const scopes = (routes: string) =>
  JSON.stringify({
    scoped_routes: [
      { name: "s", route_configuration_name: routes, key: { fragments: [{ string_key: "blue" }] } },
    ],
    routes: [answering("one", "first"), answering("two", "second")],
  });

/** What Envoy waits for at most where nobody answers; those that are live sooner were answered. */
const started = async (bootstrapFile: Parameters<typeof startEnvoy>[0]) =>
  within(soonMs, "Envoy is live", startEnvoy(bootstrapFile));

describe("rarer types in Envoy", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"]) {
    it(`${apiType}: XDS-116 RTDS: a layer is there at the start, and follows changes`, async () => {
      using folder = servedFolder({ "layer.yaml": layer(1) });
      await using server = new ServeProcess(folder.path, folder.state);
      const layers = [{ name: "layer", rtds_layer: { name: "layer", rtds_config: ads } }];
      await using envoy = await started({
        ...bootstrap(apiType, await server.xdsPort()),
        layered_runtime: { layers },
      });
      const loads = async () =>
        (await envoy.admin.stats("^runtime.load_success$")).get("runtime.load_success");
      const before = (await loads()) ?? 0;
      await server.accepted(() => folder.write("layer.yaml", layer(2)));
      assert.equal(await loads(), before + 1);
    });

    it(`${apiType}: XDS-115 ECDS: a filter without a default comes after its listener, and follows changes`, async () => {
      const filter = { name: "from", config_discovery: { config_source: ads, type_urls: [headerMutation] } };
      const config = (text: string) =>
        JSON.stringify({
          extension_configs: [
            {
              name: "from",
              typed_config: {
                "@type": headerMutation,
                mutations: {
                  response_mutations: [{ append: { header: { key: "x-from", value: text } } }],
                },
              },
            },
          ],
        });
      using folder = servedFolder({
        "listeners.yaml": listener({ route_config: answering("inline", "yes") }, [filter]),
        "filter.yaml": config("first"),
      });
      await using server = new ServeProcess(folder.path, folder.state);
      await using envoy = await started(bootstrap(apiType, await server.xdsPort()));
      await untilAnswered(envoy, "200 yes first");
      await server.accepted(() => folder.write("filter.yaml", config("second")));
      await untilAnswered(envoy, "200 yes second");
    });

    it(`${apiType}: XDS-117 SRDS: scopes come by wildcard, and their routes follow`, async () => {
      const scoped_routes = {
        name: "scopes",
        scope_key_builder: {
          fragments: [{ header_value_extractor: { name: "x-scope", index: 0 } }],
        },
        rds_config_source: ads,
        scoped_rds: { scoped_rds_config_source: ads },
      };
      using folder = servedFolder({
        "listeners.yaml": listener({ scoped_routes }),
        "scopes.yaml": scopes("one"),
      });
      await using server = new ServeProcess(folder.path, folder.state);
      await using envoy = await started(bootstrap(apiType, await server.xdsPort()));
      const blue = { "x-scope": "blue" };
      const answers = (expected: string) =>
        until(soonMs, expected, async () => (await ask(envoy, blue)) === expected || undefined);
      await answers("200 first");
      assert.equal(await ask(envoy, { "x-scope": "red" }), "404");
      folder.write("scopes.yaml", scopes("two"));
      await answers("200 second");
    });
  }
});
