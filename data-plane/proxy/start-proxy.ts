import { systemClock, type Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { JsonValue } from "../../src/schema/json-value.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import { CLUSTER, LISTENER } from "../../src/schema/type-urls.ts";
import type { BootstrapConfig } from "../bootstrap/bootstrap.ts";
import { resolveSource } from "../bootstrap/config-source.ts";
import { openResourceFile } from "../bootstrap/resource-file.ts";
import { answerAdmin } from "../admin/admin-routes.ts";
import { startAdminServer } from "../admin/admin-server.ts";
import type { AdminView, HostControls } from "../admin/admin-view.ts";
import { systemResolver } from "../clusters/resolver.ts";
import type { DrainStrategy } from "../listeners/drain-sequence.ts";
import type { Address } from "../network/address.ts";
import type { LocalData } from "../resources/data-source.ts";
import type { ExtensionTable, OpenAccessLog } from "../resources/extension.ts";
import { withFirstAnswer } from "../xds-client/first-answer.ts";
import { grpcTransport } from "../xds-client/grpc-transport.ts";
import type { SourceView } from "../xds-client/resource-source.ts";
import type { SourcePlan } from "../xds-client/source-plan.ts";
import type { ResourceConsumer } from "../xds-client/update.ts";
import { XdsClient } from "../xds-client/xds-client.ts";
import type { WorkerPlace } from "./proxy.ts";
import { Proxy } from "./proxy.ts";
import type { XdsSource } from "./xds-source.ts";
import { publishSource } from "./xds-stats.ts";

export interface StartOptions {
  readonly bootstrap: BootstrapConfig;
  readonly schema: Schema;
  readonly extensions: ExtensionTable;
  readonly log: Log;
  readonly hostname: string;
  readonly local: LocalData;
  /** Of this program, as `/server_info` tells it. */
  readonly version: string;
  /** `ServerInfo.command_line_options`. */
  readonly commandLine: Readonly<Record<string, JsonValue>>;
  /** How long connections of a listener that is gone may go on. Envoy's default: 600 s. */
  readonly drainMs: number;
  /** `--drain-strategy`. */
  readonly drainStrategy: DrainStrategy;
  readonly openAccessLog: OpenAccessLog;
  /** What the admin endpoint may see and do of the process. */
  readonly host: HostControls;
  /** `--reject-unknown-dynamic-fields`. */
  readonly rejectsUnknownDynamicFields: boolean;
  /** Called for `POST /quitquitquit`. */
  readonly onQuit: () => void;
  /** Where resources come from, in place of an xDS client of the proxy's own. */
  readonly xds?: XdsSource;
  /** This process among several that are one proxy; alone unless given. */
  readonly worker?: WorkerPlace;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** Something that serves, as one process or as several. */
export interface RunningServer extends AsyncDisposable {
  /** Where the admin endpoint is, if the bootstrap has one, with the port that the system chose. */
  readonly adminAddress: Address | undefined;
  /** Resolves when the listeners are open. Rejects with Envoy's text when a static listener cannot be opened. */
  readonly live: Promise<void>;
  /** Stops listening to the control plane and to clients, lets connections end by themselves, at most so long, then closes the rest. */
  drain(timeoutMs: number): Promise<void>;
  /** Has other processes open their log files again; absent where this one writes all of them. */
  readonly reopenLogs?: () => void;
  /** Ends everything now. Idempotent. */
  close(): Promise<void>;
}

/** A proxy and the control plane that it listens to. */
export interface RunningProxy extends RunningServer {
  readonly proxy: Proxy;
  readonly view: AdminView;
}

/**
 * Starts a proxy. Resolves when its admin endpoint answers (XC-12); the rest of the start shows in `live`.
 *
 * @throws Error of the system when the admin address cannot be bound
 */
export async function startProxy(options: StartOptions): Promise<RunningProxy> {
  const { bootstrap, schema, version, commandLine, onQuit } = options;
  const { proxy, xds } = connectParts(options);
  const toJson = (typeName: string, message: Message) => schema.toJson(typeName, message, { mask: true });
  const view = proxy.adminView({ version, commandLine, toJson, quit: onQuit, host: options.host });
  const admin =
    bootstrap.admin &&
    (await startAdminServer(bootstrap.admin, (method, target) => answerAdmin(view, method, target)));
  const stopFlushing = flushEvery(bootstrap.statsFlushMs, proxy, options.clock ?? systemClock);
  const live = goLive(proxy, xds, bootstrap);
  // Who awaits it gets the error; nobody has to.
  live.catch(() => undefined);
  const close = async () => {
    stopFlushing();
    await Promise.all([xds.close(), proxy.close()]);
    await admin?.close();
  };
  return {
    proxy,
    view,
    adminAddress: admin?.address,
    live,
    drain: async (timeoutMs) => {
      await Promise.all([proxy.drain(timeoutMs), xds.close()]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Ends the intervals of histograms, over and over; not at all when each is as long as the time between two looks at them. */
function flushEvery(intervalMs: number, { stats }: Proxy, clock: Clock): () => void {
  if (intervalMs === 0) return () => undefined;
  let cancel: () => void;
  const again = () => {
    cancel = clock.after(intervalMs, () => {
      stats.flush();
      again();
    });
  };
  again();
  return () => cancel();
}

/** Makes a proxy and its xDS client, each knowing the other. No I/O. */
function connectParts(options: StartOptions): { readonly proxy: Proxy; readonly xds: XdsSource } {
  const { bootstrap, schema, extensions, log, hostname, local, drainMs, drainStrategy } = options;
  const { clock = systemClock, random = Math.random } = options;
  const xds: XdsSource = options.xds ?? newXdsClient(options, (view) => publishSource(view, proxy.stats));
  const proxy = new Proxy({
    bootstrap,
    schema,
    extensions,
    clock,
    random,
    resolver: systemResolver,
    subscriptions: xds,
    log,
    openAccessLog: options.openAccessLog,
    hostname,
    local,
    drainMs,
    drainStrategy,
    ...(options.worker && { worker: options.worker }),
  });
  return { proxy, xds };
}

/** The xDS client of a bootstrap. `onChange` is told of what happens to its sources. */
export function newXdsClient(
  options: Pick<
    StartOptions,
    "bootstrap" | "schema" | "local" | "log" | "clock" | "random" | "rejectsUnknownDynamicFields"
  >,
  onChange: (view: SourceView) => void,
): XdsClient {
  const { bootstrap, schema, local, log, clock = systemClock, random = Math.random } = options;
  const rejectsUnknownFields = options.rejectsUnknownDynamicFields;
  return new XdsClient({
    node: bootstrap.node,
    ...(bootstrap.ads ? { ads: bootstrap.ads } : {}),
    resolve: (source) => resolveSource(source, bootstrap.sources),
    schema,
    openTransport: grpcTransport,
    openFile: (file) => openResourceFile(file, { schema, local, rejectsUnknownFields }),
    clock,
    random,
    log: log.with({ component: "xds" }),
    rejectsUnknownFields,
    onChange,
  });
}

/**
 * Envoy's order (XC-11): static clusters, RTDS, CDS with the endpoints of its clusters, then LDS, then the listeners open. A control
 * plane that is away costs each of the two its `initial_fetch_timeout` (XC-14).
 */
async function goLive(proxy: Proxy, xds: XdsSource, { cds, lds }: BootstrapConfig): Promise<void> {
  await proxy.startClusters();
  await proxy.startRuntime();
  await subscribeAndWait(xds, CLUSTER, cds, proxy.clusterConsumer);
  await proxy.clusters.whenWarm();
  await subscribeAndWait(xds, LISTENER, lds, proxy.listenerConsumer);
  await proxy.startListeners();
}

async function subscribeAndWait(
  xds: XdsSource,
  typeUrl: string,
  plan: SourcePlan | undefined,
  consumer: ResourceConsumer,
): Promise<void> {
  if (!plan) return;
  const first = withFirstAnswer(consumer);
  xds.consume(typeUrl, first.consumer);
  xds.subscribeAll(typeUrl, plan);
  await first.answered;
}
