import type { ClusterHost } from "../cluster-host.ts";

/** What places a host in a hash table: metadata `envoy.lb` `hash_key`, else its name where the policy says so, else its address. */
export function hashKey(host: ClusterHost, usesHostname: boolean): Buffer {
  const own = host.metadata.filter.get("envoy.lb")?.["hash_key"];
  const text = typeof own === "string" && own !== "" ? own : usesHostname ? host.hostname : host.key;
  return Buffer.from(text);
}
