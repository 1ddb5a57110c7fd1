import type { JsonObject } from "../../kit/json.ts";
import { until } from "../../kit/within.ts";
import { cluster, socketAddress } from "../bootstrap.ts";
import type { Stage } from "../stage.ts";

/** A check as often as a test has patience for, with or without traffic. `more` has the checker. */
export function healthCheck(more: JsonObject): JsonObject {
  return {
    timeout: "2s",
    interval: "0.05s",
    no_traffic_interval: "0.05s",
    unhealthy_threshold: 2,
    healthy_threshold: 2,
    ...more,
  };
}

/** A static cluster with endpoints on ports of 127.0.0.1. */
export function clusterOf(name: string, ports: readonly number[], more: JsonObject): JsonObject {
  const lbEndpoints = ports.map((port) => ({ endpoint: { address: socketAddress(port) } }));
  return cluster(name, 0, {
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: lbEndpoints }] },
    ...more,
  });
}

/** `health_flags` of the hosts of a cluster, in the order of its endpoints. */
export async function flagsOf(stage: Stage, name: string): Promise<readonly string[]> {
  const { body } = await stage.admin.request("GET", "/clusters");
  return body
    .split("\n")
    .filter((line) => line.startsWith(`${name}::`) && line.includes("::health_flags::"))
    .map((line) => line.slice(line.lastIndexOf("::") + 2));
}

/** Waits until the flags of a cluster's hosts are these, and gives them. */
export async function untilFlags(stage: Stage, name: string, ...wanted: readonly string[]): Promise<string> {
  let found: readonly string[] = [];
  const what = () => `the hosts of ${name} are ${wanted.join(" ")}, found ${found.join(" ")}`;
  return until(5000, what, async () => {
    found = await flagsOf(stage, name);
    return found.join() === wanted.join() ? found.join(" ") : undefined;
  });
}

/** The gauges of a cluster that are about the health of its hosts. */
export async function membership(stage: Stage, name: string): Promise<JsonObject> {
  const pattern = `^cluster\\.${name}\\.(membership_(total|healthy|degraded|excluded)|health_check\\.(healthy|degraded))$`;
  const stats = await stage.admin.stats(pattern);
  return Object.fromEntries(
    [...stats].map(([stat, value]) => [stat.replace(`cluster.${name}.`, ""), value] as const),
  );
}

/** Waits until a statistic has a value, and gives it. */
export async function untilStat(stage: Stage, name: string, wanted: number): Promise<number> {
  let found: number | undefined;
  return until(
    5000,
    () => `${name} is ${wanted}, found ${found}`,
    async () => {
      found = (await stage.admin.stats(`^${name.replaceAll(".", "\\.")}$`)).get(name);
      return found === wanted ? found : undefined;
    },
  );
}

/** What a line of the event log tells: the event, and what is said of it. */
function eventOf(line: string): string {
  const record: JsonObject = JSON.parse(line);
  const told = Object.entries(record).find(([field]) => /_event$|_host$/.test(field));
  return told ? `${told[0]} ${JSON.stringify(told[1])}` : line;
}

/**
 * The first events after the host was last added as healthy, successes aside: `count` of them. Envoy writes its log some time after
 * what it tells of.
 */
export async function eventsSinceHealthy(
  stage: Stage,
  file: string,
  count: number,
): Promise<readonly string[]> {
  let found: readonly string[] = [];
  return until(
    15_000,
    () => `${count} events after the last add_healthy_event, found ${found.join(" ")}`,
    async () => {
      const all = (await stage.logLines(file, 1)).map(eventOf);
      const start = all.findLastIndex((told) => told.startsWith("add_healthy_event"));
      found = all.slice(start + 1).filter((told) => !told.startsWith("successful"));
      return found.length >= count ? found.slice(0, count) : undefined;
    },
  );
}
