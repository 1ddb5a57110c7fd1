import type { JsonObject } from "../../kit/json.ts";
import { startDnsServer, type DnsServer } from "../../kit/dns-server.ts";
import { any, bootstrap, connectionManager, listener, route, socketAddress } from "../bootstrap.ts";
import { letters, startFarm, type Farm } from "../lettered.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

type Named = Farm & { readonly dns: DnsServer };

async function startNamed(): Promise<Named> {
  const dns = await startDnsServer({
    "two.test": { addresses: ["127.0.0.1", "127.0.0.2"] },
    "both.test": { addresses: ["127.0.0.1", "::1"] },
    "failing.test": "failure",
    "moving.test": { addresses: ["127.0.0.1"], ttl: 1 },
  });
  return { ...(await startFarm("a")()), dns };
}

function names({ dns, farm }: Named): JsonObject {
  const resolver = {
    name: "cares",
    typed_config: any("envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig", {
      resolvers: [socketAddress(dns.port)],
    }),
  };
  const cluster = (name: string, host: string, more: JsonObject): JsonObject => ({
    name,
    connect_timeout: "2s",
    typed_dns_resolver_config: resolver,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(farm.portOf("a"), host) } }] }],
    },
    ...more,
  });
  const strict = { type: "STRICT_DNS", dns_refresh_rate: "60s" };
  const logical = { type: "LOGICAL_DNS", dns_refresh_rate: "60s" };
  const extension = {
    cluster_type: {
      name: "envoy.clusters.dns",
      typed_config: any("envoy.extensions.clusters.dns.v3.DnsCluster", {
        dns_refresh_rate: "60s",
        dns_lookup_family: "V4_ONLY",
        typed_dns_resolver_config: resolver,
      }),
    },
  };
  const clusters = [
    cluster("strict", "two.test", strict),
    cluster("logical", "two.test", logical),
    cluster("auto", "both.test", strict),
    cluster("v4-preferred", "both.test", { ...strict, dns_lookup_family: "V4_PREFERRED" }),
    cluster("all", "both.test", { ...strict, dns_lookup_family: "ALL" }),
    cluster("missing", "missing.test", strict),
    cluster("missing-logical", "missing.test", logical),
    cluster("localhost", "localhost", { ...logical, dns_lookup_family: "V4_ONLY" }),
    cluster("extension", "two.test", extension),
    cluster("moving", "moving.test", { ...strict, respect_dns_ttl: true, dns_lookup_family: "V4_ONLY" }),
  ];
  return bootstrap([listener("in", [connectionManager([route("/logical/", "logical")])])], clusters);
}

/** Addresses and names of the hosts of a cluster, and how its look-ups went. */
const resolved =
  (name: string) =>
  async (stage: Stage, { more }: { readonly more: Named }) => {
    stage.name(more.farm.portOf("a"), "A");
    const { body } = await stage.admin.request("GET", `/clusters?filter=^${name}$`);
    const hosts = body
      .split("\n")
      .filter((line) => line.includes("::hostname::") || line.includes("::health_flags::"));
    const stats = await stage.admin.stats(`^cluster\\.${name}\\.(update_|membership_)`);
    return { hosts, stats: Object.fromEntries([...stats].filter(([, value]) => value !== 0)) };
  };

export const scenes: readonly Scene[] = [
  sceneWith(startNamed, {
    area: "clusters",
    name: "names",
    // How often a name is looked up while it moves is a matter of time.
    varying: /^cluster\.moving\./,
    bootstrap: (rig) => names(rig.more),
    cases: {
      "STRICT_DNS has a host for each address": resolved("strict"),
      "LOGICAL_DNS has one": resolved("logical"),
      "AUTO takes IPv6 where there is any": resolved("auto"),
      "V4_PREFERRED takes IPv4": resolved("v4-preferred"),
      "ALL takes both": resolved("all"),
      "a name that does not exist is an answer to STRICT_DNS": resolved("missing"),
      "and a failure to LOGICAL_DNS": resolved("missing-logical"),
      "localhost needs no server": resolved("localhost"),
      "envoy.clusters.dns": resolved("extension"),
      "requests reach the host of a name": async (stage) => letters(stage, "logical/", ["", ""]),
      "respect_dns_ttl looks again after the TTL": async (stage, { more: { dns } }) => {
        dns.records.set("moving.test", { addresses: ["127.0.0.9"], ttl: 60 });
        for (;;) {
          const { body } = await stage.admin.request("GET", "/clusters?filter=^moving$");
          if (body.includes("127.0.0.9")) return !body.includes("127.0.0.1:");
        }
      },
    },
  }),
];
