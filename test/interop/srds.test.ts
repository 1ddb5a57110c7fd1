import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/schema/message.ts";
import {
  CLUSTER,
  LISTENER,
  ROUTE_CONFIGURATION,
  SCOPED_ROUTE_CONFIGURATION,
} from "../../src/schema/type-urls.ts";
import { addressJson, adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import type { JsonObject } from "../kit/json.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import { answering, ask, proxyStat, Server } from "./scripted-server.ts";

const types = "type.googleapis.com/";

/** Requests are in the scope of `x-tenant`'s element `vip`, and of the second part of `x-zone`. */
const keyBuilder = {
  fragments: [
    {
      header_value_extractor: {
        name: "x-tenant",
        element_separator: ";",
        element: { separator: "=", key: "vip" },
      },
    },
    { header_value_extractor: { name: "x-zone", element_separator: ",", index: 1 } },
  ],
};

const key = (tenant: string, zone: string) => ({ fragments: [{ string_key: tenant }, { string_key: zone }] });

function listener(name: string, scopedRoutes: JsonObject): JsonObject {
  const manager = {
    "@type": `${types}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "web",
    scoped_routes: {
      name: "scopes",
      scope_key_builder: keyBuilder,
      rds_config_source: { ads: {} },
      ...scopedRoutes,
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
      },
    ],
  };
  return {
    name,
    address: addressJson(0),
    filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
  };
}

const scope = (name: string, tenant: string, zone: string, routes: string): Message => ({
  name,
  route_configuration_name: routes,
  key: key(tenant, zone),
});

const asked = (port: number, tenant: string, zone: string) =>
  ask(port, { "x-tenant": tenant, "x-zone": zone });

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`scoped routes over ${mode} with ${plane}`, options, () => {
      it("chooses the routes of a request by its headers, and follows both (SRDS, RDS)", async () => {
        await using xds = await ScriptedXds.start();
        const inline = [
          {
            name: "in",
            key: key("v", "w"),
            route_configuration: {
              name: "inline",
              virtual_hosts: [
                {
                  name: "all",
                  domains: ["*"],
                  routes: [
                    {
                      match: { prefix: "/" },
                      direct_response: { status: 200, body: { inline_string: "inline" } },
                    },
                  ],
                },
              ],
            },
          },
        ];
        const bootstrap = adsBootstrap(xds, mode, {
          staticResources: {
            listeners: [
              listener("over-xds", { scoped_rds: { scoped_rds_config_source: { ads: {} } } }),
              listener("inline", {
                scoped_route_configurations_list: { scoped_route_configurations: inline },
              }),
            ],
          },
        });
        await using proxy = await start(bootstrap, { untilLive: false });
        const server = new Server(await xds.stream(), mode);
        await server.stream.nextOf(CLUSTER);
        server.send(CLUSTER, "1");
        await server.stream.nextOf(SCOPED_ROUTE_CONFIGURATION);
        const one = scope("one", "a", "x", "r1");
        const two = scope("two", "b", "x", "r2");
        server.send(SCOPED_ROUTE_CONFIGURATION, "1", one, two);
        await server.stream.nextOf(LISTENER);
        server.send(LISTENER, "1");
        await server.stream.nextOf(ROUTE_CONFIGURATION);
        assert.equal(await proxy.admin.isReady(), false, "its scopes have no routes yet");
        server.send(ROUTE_CONFIGURATION, "1", answering("r1", "R1"), answering("r2", "R2"));
        await live(proxy);
        const fixed = await proxy.admin.listenerPort("inline");
        assert.equal(await asked(fixed, "vip=v", "q,w"), "200 inline");
        assert.equal(await asked(fixed, "vip=v", "q,x"), "404 ");
        const port = await proxy.admin.listenerPort("over-xds");
        assert.equal(await asked(port, "u=1;vip=a", "q,x"), "200 R1");
        assert.equal(await asked(port, "vip=b;vip=a", "q,x,y"), "200 R2");
        assert.equal(await asked(port, "vip=c", "q,x"), "404 ");
        assert.equal(await asked(port, "vip=a", "q"), "404 ");
        assert.equal(await ask(port), "404 ");

        server.send(SCOPED_ROUTE_CONFIGURATION, "2", one, two, scope("three", "a", "x", "r2"));
        const refusal = await server.refusal(SCOPED_ROUTE_CONFIGURATION);
        const conflict = "scope key conflict found, first scope is 'one', second scope is 'three'";
        assert.equal(refusal, `Error adding/updating scoped route(s): ${conflict}`);
        assert.equal(await asked(port, "vip=a", "q,x"), "200 R1");

        server.send(SCOPED_ROUTE_CONFIGURATION, "3", scope("one", "a", "y", "r1"), two);
        await proxyStat(proxy, "http.web.scoped_rds.scopes.config_reload", 2);
        if (mode === "delta") server.remove(SCOPED_ROUTE_CONFIGURATION, "two");
        else server.send(SCOPED_ROUTE_CONFIGURATION, "4", scope("one", "a", "y", "r1"));
        await proxyStat(proxy, "http.web.scoped_rds.scopes.all_scopes", 1);
        assert.equal(await asked(port, "vip=a", "q,x"), "404 ");
        assert.equal(await asked(port, "vip=a", "q,y"), "200 R1");
        assert.equal(await asked(port, "vip=b", "q,x"), "404 ");
      });
    });
  }
}
