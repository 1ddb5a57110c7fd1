import { type AdsServerOptions, createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { until, within } from "../kit/within.ts";
import { EventLog } from "../server/event-log.ts";

/** Well below the 15 s for which Envoy warms what nobody answers. */
export const soonMs = 8_000;

/** A server whose one group is for Envoys of the cluster `edge`. */
export async function startServer(
  resources: Parameters<typeof Snapshot.of>[0],
  port = 0,
  options: AdsServerOptions = {},
) {
  const log = new EventLog();
  const server = createAdsServer({
    address: `127.0.0.1:${port}`,
    drainMs: 0,
    onEvent: log.note,
    ...options,
  });
  let snapshot: Snapshot | undefined;
  const serve = (next: typeof resources, match = { cluster: "edge" }) => {
    snapshot = Snapshot.of(next, snapshot);
    const groups = [{ name: "all", match, snapshot }];
    server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  };
  serve(resources);
  const started = await server.start();
  const isSynced = (types: number) => {
    const [stream] = server.streams();
    return stream?.types.length === types && stream.types.every(({ state }) => state === "SYNCED");
  };
  return {
    log,
    server,
    serve,
    port: started.port,
    /** Waits until the one stream has accepted all it should hold of so many types. */
    synced: (what: string, types = 4) =>
      within(
        soonMs,
        what,
        log.until(() => isSynced(types)),
      ),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Waits until a counter or gauge of Envoy has this value. */
export async function expectStat({ admin }: ProxyProcess, name: string, value: number): Promise<void> {
  let seen: number | undefined;
  await until(
    soonMs,
    () => `${name} is ${value}, not ${seen}`,
    async () => {
      seen = (await admin.stats(`^${name.replaceAll(".", "\\.")}$`)).get(name);
      return seen === value || undefined;
    },
  );
}

/** Clusters that came by CDS, and their timeouts. */
async function clustersOf({ admin }: ProxyProcess): Promise<Readonly<Record<string, string>>> {
  const { body } = await admin.request("GET", "/config_dump?resource=dynamic_active_clusters");
  interface Dumped {
    readonly configs?: readonly {
      readonly cluster: { readonly name: string; readonly connect_timeout: string };
    }[];
  }
  const { configs = [] }: Dumped = JSON.parse(body);
  return Object.fromEntries(configs.map(({ cluster: { name, connect_timeout } }) => [name, connect_timeout]));
}

/** Waits until these are the clusters of Envoy that came by CDS: name to timeout, such as `1s`. */
export async function hasClusters(
  envoy: ProxyProcess,
  expected: Readonly<Record<string, string>>,
): Promise<void> {
  let seen = "";
  const text = (clusters: typeof expected) =>
    Object.keys(clusters)
      .toSorted()
      .map((name) => `${name} ${clusters[name]}`)
      .join();
  await until(
    soonMs,
    () => `clusters are ${text(expected)}, not ${seen}`,
    async () => {
      seen = text(await clustersOf(envoy));
      return seen === text(expected) || undefined;
    },
  );
}
