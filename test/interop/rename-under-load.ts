import { envoyReferences } from "../../src/config/envoy-references.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { HttpLoad, startPlainBackend, type LoadResult } from "../kit/http-load.ts";
import { within } from "../kit/within.ts";
import { EventLog } from "../server/event-log.ts";
import { bootstrap, cluster, endpoints, listener, routes, schema } from "./ads-resources.ts";

export interface Renames {
  readonly apiType: "GRPC" | "DELTA_GRPC";
  /** False: types still go out in their order, but nothing waits for an ACK. */
  readonly isOrdered: boolean;
  /** How often the cluster behind the route gets another name. */
  readonly count: number;
  /** Requests a second. */
  readonly rate: number;
  /** How many requests are answered between a name that was accepted and the next. */
  readonly requestsBetween: number;
}

/**
 * Renames the EDS cluster behind the only route of a real Envoy again and again while requests go through it. Each name
 * is waited for until Envoy has accepted all of it.
 */
export async function renameUnderLoad(renames: Renames): Promise<LoadResult> {
  const { apiType, isOrdered, count, rate, requestsBetween } = renames;
  await using backend = await startPlainBackend();
  const log = new EventLog();
  await using server = createAdsServer({
    address: "127.0.0.1:0",
    drainMs: 0,
    onEvent: log.note,
    ...(isOrdered && { referencesOf: envoyReferences(schema) }),
  });
  let snapshot: Snapshot | undefined;
  let revisionId: string | undefined;
  const serve = (name: string) => {
    const resources = [
      cluster(name),
      endpoints(`${name}-endpoints`, backend.port),
      listener("l"),
      routes(name),
    ];
    snapshot = Snapshot.of(resources, snapshot);
    const groups = [{ name: "all", match: {}, snapshot }];
    const revision = makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 });
    revisionId = revision.id;
    server.setRevision(revision);
  };
  const isSynced = () => {
    const [stream] = server.streams();
    const isCurrent = stream?.revisionId === revisionId && stream?.types.length === 4;
    return isCurrent && stream.types.every(({ state }) => state === "SYNCED");
  };
  serve("cluster-0");
  const { port } = await server.start();
  await using envoy = await startEnvoy(bootstrap(apiType, port));
  await within(20_000, "the first name is accepted", log.until(isSynced));
  const load = new HttpLoad(await envoy.admin.listenerPort("l"), { rate, connections: 32 });
  for (let index = 1; index <= count; index += 1) {
    serve(`cluster-${index}`);
    await within(20_000, `name ${index} is accepted`, log.until(isSynced));
    await within(20_000, `${requestsBetween} answers`, load.answered(requestsBetween));
  }
  // Awaited here: Envoy is stopped when this function is left.
  return await load.stop();
}
