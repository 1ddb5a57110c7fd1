import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { startPlainBackend } from "../kit/http-load.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { needs } from "../kit/peers.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until, within } from "../kit/within.ts";
import { bootstrap } from "./ads-resources.ts";

/** Far below the timeouts after which Envoy would go on by itself: 15 s to warm, 5 s for a cluster on demand. */
const soonMs = 4_000;

const router =
  "{name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}";
const ads = "{ads: {}, resource_api_version: V3}";

/** A listener \`l\` on a free port, with this http filter before the router and these routes. */
function listener(filter: string, routes: string): string {
  return `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
  filter_chains:
  - filters:
    - name: http
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: http
        ${routes}
        http_filters:
        - ${filter}
        - ${router}
`;
}

function onDemand(odcds = ""): string {
  return `{name: on-demand, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand${odcds}}}`;
}

/** Status and body that Envoy answers to a request for this host, well before its own timeouts. */
async function ask(
  envoy: ProxyProcess,
  host: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const port = await envoy.admin.listenerPort("l");
  const answer = new Promise<string>((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, agent: false, headers: { host, ...headers } },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve(`${response.statusCode} ${body}`.trim()));
      },
    );
    sent.on("error", reject).end();
  });
  return within(soonMs, `the answer for ${host}`, answer);
}

const virtualHosts = (text: string) => `virtual_hosts:
- name: r/shop
  domains: [shop.example, www.shop.example]
  routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ${text}}}}]
`;

const vhdsRoutes = `routes:\n- {name: r, vhds: {config_source: ${ads}}}\n`;

describe("on demand from Envoy", needs("envoy"), () => {
  it("XDS-92 XDS-114 VHDS: a host is fetched by its name, one that does not exist answers 404 at once", async () => {
    using folder = servedFolder({
      "listeners.yaml": listener(onDemand(), `rds: {route_config_name: r, config_source: ${ads}}`),
      "routes.yaml": vhdsRoutes,
      "hosts.yaml": virtualHosts("first"),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", await server.xdsPort()));
    await until(soonMs, "the listener has warmed", async () => {
      const stats = await envoy.admin.stats("total_listeners_active");
      return stats.get("listener_manager.total_listeners_active") === 1 || undefined;
    });
    assert.equal(await ask(envoy, "shop.example"), "200 first");
    assert.equal(await ask(envoy, "www.shop.example"), "200 first");
    assert.equal(await ask(envoy, "unknown.example"), "404");
    assert.equal(await ask(envoy, "unknown.example"), "404");

    // It follows changes of what it has, and learns of a host that was missing.
    await server.accepted(() => folder.write("hosts.yaml", virtualHosts("second")));
    assert.equal(await ask(envoy, "shop.example"), "200 second");
    await server.accepted(() =>
      folder.write("hosts.yaml", virtualHosts("second").replace("www.shop.example", "unknown.example")),
    );
    assert.equal(await ask(envoy, "unknown.example"), "200 second");
    assert.equal(await ask(envoy, "www.shop.example"), "404");
  });

  it("XDS-114 VHDS: a second route configuration warms as fast as the first, and a changed one keeps its hosts", async () => {
    const l = listener(onDemand(), `rds: {route_config_name: r, config_source: ${ads}}`);
    using folder = servedFolder({
      "listeners.yaml": l,
      "routes.yaml": vhdsRoutes,
      "hosts.yaml": virtualHosts("first"),
    });
    await using server = new ServeProcess(folder.path, folder.state);
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", await server.xdsPort()));
    assert.equal(await ask(envoy, "shop.example"), "200 first");

    const header = "response_headers_to_add: [{header: {key: x-new, value: '1'}}]";
    await server.accepted(() =>
      folder.write("routes.yaml", vhdsRoutes.replace("name: r,", `name: r, ${header},`)),
    );
    assert.equal(await ask(envoy, "shop.example"), "200 first");

    const second = l
      .replace("listeners:\n- name: l", "- name: l2")
      .replace("route_config_name: r", "route_config_name: q");
    await server.accepted(() => {
      folder.write("hosts.yaml", virtualHosts("q").replace("r/shop", "q/shop"));
      folder.write("routes.yaml", `${vhdsRoutes}- {name: q, vhds: {config_source: ${ads}}}\n`);
      folder.write("listeners.yaml", l + second);
    });
    await until(soonMs, "both listeners are active", async () => {
      const stats = await envoy.admin.stats("total_listeners_active");
      return stats.get("listener_manager.total_listeners_active") === 2 || undefined;
    });
  });

  it("XDS-113 ODCDS: a cluster and its endpoints are fetched by name, one that does not exist answers 503 at once", async () => {
    await using backend = await startPlainBackend();
    const odcds = `, odcds: {source: ${ads}, timeout: 5s}`;
    const routes = `route_config: {name: inline, virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster_header: x-cluster}}]}]}`;
    using folder = servedFolder({
      "listeners.yaml": listener(onDemand(odcds), routes),
      "clusters.yaml": `resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: shop
  type: EDS
  eds_cluster_config: {eds_config: ${ads}}
- "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
  cluster_name: shop
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${backend.port}}}}}]}]
`,
    });
    await using server = new ServeProcess(folder.path, folder.state);
    const { dynamic_resources: dynamic, ...rest } = bootstrap("DELTA_GRPC", await server.xdsPort());
    const { cds_config: _, ...withoutClusters } = dynamic;
    await using envoy = await startEnvoy({ ...rest, dynamic_resources: withoutClusters });
    const active = async () =>
      (await envoy.admin.stats("active_clusters")).get("cluster_manager.active_clusters");
    assert.equal(await active(), 1);
    assert.match(await ask(envoy, "any", { "x-cluster": "shop" }), /^200/);
    assert.equal(await active(), 2);
    assert.match(await ask(envoy, "any", { "x-cluster": "gone" }), /^503/);
    assert.equal(await active(), 2);
  });
});
