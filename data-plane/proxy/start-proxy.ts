import { systemClock, type Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER } from "../../src/schema/type-urls.ts";
import type { BootstrapConfig } from "../bootstrap/bootstrap.ts";
import { parseConfigSource } from "../bootstrap/config-source.ts";
import { systemResolver } from "../clusters/resolver.ts";
import { asType } from "../resources/message-type.ts";
import type { ExtensionTable } from "../resources/extension.ts";
import { withFirstAnswer } from "../xds-client/first-answer.ts";
import { grpcTransport } from "../xds-client/grpc-transport.ts";
import type { SourcePlan } from "../xds-client/source-plan.ts";
import type { ResourceConsumer } from "../xds-client/update.ts";
import type { ResolvedSource } from "../xds-client/xds-client.ts";
import { XdsClient } from "../xds-client/xds-client.ts";
import { reasonOf } from "./consume.ts";
import { Proxy } from "./proxy.ts";
import { publishSource } from "./xds-stats.ts";

export interface StartOptions {
  readonly bootstrap: BootstrapConfig;
  readonly schema: Schema;
  readonly extensions: ExtensionTable;
  readonly log: Log;
  readonly hostname: string;
  /** How long connections of a listener that is gone may go on. Envoy's default: 600 s. */
  readonly drainMs: number;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** A proxy and the control plane that it listens to. */
export interface RunningProxy extends AsyncDisposable {
  readonly proxy: Proxy;
  readonly xds: XdsClient;
  /** Ends the xDS streams, stops accepting, lets connections end by themselves, at most so long, then closes the rest. */
  drain(timeoutMs: number): Promise<void>;
  /** Ends everything now. Idempotent. */
  close(): Promise<void>;
}

/** Makes a proxy and its xDS client, connected to each other. No I/O before `goLive`. */
export function createRunningProxy(options: StartOptions): RunningProxy {
  const { bootstrap, schema, extensions, log, hostname, drainMs } = options;
  const { clock = systemClock, random = Math.random } = options;
  const xds = new XdsClient({
    node: bootstrap.node,
    ...(bootstrap.ads ? { ads: bootstrap.ads } : {}),
    resolve: (source) => resolveSource(source, bootstrap),
    schema,
    openTransport: grpcTransport,
    clock,
    random,
    log: log.with({ component: "xds" }),
    onChange: (view) => publishSource(view, proxy.stats),
  });
  const proxy = new Proxy({
    bootstrap,
    schema,
    extensions,
    clock,
    random,
    resolver: systemResolver,
    subscriptions: xds,
    log,
    hostname,
    drainMs,
  });
  xds.consume(CLUSTER_LOAD_ASSIGNMENT, proxy.endpointConsumer);
  const close = async () => {
    await xds.close();
    await proxy.close();
  };
  return {
    proxy,
    xds,
    drain: async (timeoutMs) => {
      await xds.close();
      await proxy.drain(timeoutMs);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Starts in Envoy's order (XC-11): static clusters, CDS with the endpoints of its clusters, then LDS, then the listeners open. A
 * control plane that is away costs each of the two its `initial_fetch_timeout` (XC-14). Resolves when the proxy is LIVE.
 *
 * @throws Error with Envoy's text when a static listener cannot be opened
 */
export async function goLive({ proxy, xds }: RunningProxy, { cds, lds }: BootstrapConfig): Promise<void> {
  await proxy.startClusters();
  await subscribeAndWait(xds, CLUSTER, cds, proxy.clusterConsumer);
  await subscribeAndWait(xds, LISTENER, lds, proxy.listenerConsumer);
  await proxy.startListeners();
}

async function subscribeAndWait(
  xds: XdsClient,
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

/** A ConfigSource of a resource, looked up as those of the bootstrap are. */
function resolveSource(source: Message, { sources }: BootstrapConfig): ResolvedSource {
  const { value, problems } = parseConfigSource(
    asType("envoy.config.core.v3.ConfigSource", source),
    sources,
    "",
  );
  return value ? { kind: "plan", plan: value } : { kind: "refused", reason: reasonOf(problems) };
}
