import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { LoadSink } from "../../fleet/loads.ts";
import type { StreamHoldings } from "../../fleet/node-config.ts";
import type { StreamStanding } from "../../fleet/why.ts";
import type { UserTypePaths } from "../../schema/user-types/load-user-types.ts";
import type { Serving } from "../../snapshot/serving.ts";
import type { Acked, Nacked, StreamStatus, XdsEvent } from "../../xds/events.ts";
import type { Named, ReferencesOf } from "../../xds/order-views.ts";
import { RefusalMemory } from "../../xds/refusal-memory.ts";
import type { AdsLimits } from "../ads-server.ts";
import type { ServedTokens } from "../auth/served-tokens.ts";
import { ConnectionGate } from "../connection-gate.ts";
import type { FanOutResult } from "../fan-out.ts";
import type { RateLimit } from "../request-rate.ts";
import { CallError } from "../services/grpc-service.ts";
import type { ServedTls } from "../tls/served-tls.ts";
import type { WorkersReport } from "../metrics/worker-metrics.ts";
import type { XdsFront } from "../xds-front.ts";
import type { WorkerProcess } from "./fork-worker.ts";
import type { Answer, ClientStatusAnswer, Question, WorkerSetup } from "./messages.ts";
import { Pushes } from "./pushes.ts";
import { type Accepted, type NumberedServing, Worker, type WorkerHost } from "./worker.ts";
import type { WorkerEvent } from "./worker-streams.ts";

export interface WorkerPoolOptions {
  /** How many workers serve. */
  readonly count: number;
  readonly fork: () => WorkerProcess;
  /** `127.0.0.1:18000`, `unix:/run/chancery.sock` */
  readonly address: string;
  /** Permissions of the file of a Unix-domain socket. */
  readonly socketMode?: number;
  /** What all clients together are held to. */
  readonly limits: AdsLimits;
  /** A worker that gives no sign of life for this time is killed, and replaced. */
  readonly hungAfterMs: number;
  readonly identifier: string;
  readonly userTypes: UserTypePaths;
  readonly drainMs: number;
  readonly tls?: Pick<ServedTls, "material" | "allowsCertless">;
  readonly tokens?: Pick<ServedTokens, "tokens">;
  readonly referencesOf: ReferencesOf;
  /** Answers calls of CSDS; throws `CallError`. */
  readonly clientStatus: (request: Buffer) => Buffer;
  readonly loads: LoadSink;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of all that happens on streams, of each stream in order. */
  readonly onEvent: (event: XdsEvent) => void;
  /** Requests of clients that could be read. */
  readonly onRequests: (typeUrl: string, count: number) => void;
  readonly onPushed: (push: FanOutResult) => void;
  /** Told of connections and streams beyond the limits. */
  readonly onRefused: (peer: string, reason: string, count: number) => void;
}

/** What there is to know of a worker beside itself. */
interface Place {
  /** From 0; the one that takes its place has the same. */
  readonly index: number;
  readonly startedAtMs: number;
}

/** A worker that ended sooner after its start than this is started again only after as long: it may end again. */
const restartPauseMs = 1_000;
/** What workers are granted beyond the drain time. */
const endGraceMs = 3_000;
/** A worker is asked for a sign of life so often in the time after which it counts as hung. */
const beatsToHung = 4;
/** What a worker may take for its start when that is more: the program is loaded in one go. */
const startGraceMs = 60_000;

/**
 * An xDS server of several processes: this one accepts and counts connections, and gives each to the worker with the fewest;
 * the workers serve them, report what happens, and are started again when they end.
 */
export class WorkerPool implements XdsFront {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<Worker, Place>();
  readonly #gate: ConnectionGate;
  readonly #refusals = new RefusalMemory();
  readonly #pushes: Pushes;
  readonly #host: WorkerHost;
  /** Connections that no worker has been given yet, oldest first. */
  readonly #waiting: Accepted[] = [];
  #current: NumberedServing | undefined;
  #streamCount = 0;
  #restarts = 0;
  #hangs = 0;
  #cancelRestarts = new Set<() => void>();
  #state: "new" | "starting" | "listening" | "closed" = "new";
  /** All workers serve, or one of them ended before it did. */
  #onStarted: (failure?: Error) => void = () => undefined;
  #cancelBeat: () => void = () => undefined;
  #onEmpty: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { limits, tls, socketMode } = options;
    this.#pushes = new Pushes(options.onPushed);
    this.#gate = new ConnectionGate({
      limits,
      isTls: tls !== undefined,
      socketMode,
      isHandingOn: true,
      take: (socket, onOver) => {
        // A client that leaves while it waits is found out by the worker that it is given to.
        socket.on("error", () => undefined);
        this.#waiting.push({ socket, onOver });
        this.#hand();
      },
      onRefused: (peer, reason) => options.onRefused(peer, reason, 1),
    });
    this.#host = this.#makeHost();
    tls?.material.onChange((material) => this.#tellAll({ kind: "certificates", material }));
    options.tokens?.tokens.onChange((tokens) => this.#tellAll({ kind: "tokens", tokens }));
  }

  /** True when all workers have served and one does: that others are being started again is no reason to go elsewhere. */
  get isListening(): boolean {
    return this.#state === "listening" && [...this.#workers.keys()].some(isServing);
  }

  async start(): Promise<{ readonly port: number }> {
    const { address, count } = this.#options;
    this.#state = "starting";
    const started = new Promise<void>((resolve, reject) => {
      this.#onStarted = (failure) => (failure ? reject(failure) : resolve());
    });
    // Clients that come now wait until a worker can take them.
    const port = await this.#gate.listen(address);
    for (let index = 0; index < count; index += 1) this.#startWorker(index);
    this.#beatLater();
    await started;
    this.#state = "listening";
    return { port };
  }

  serve(serving: Serving): void {
    const number = (this.#current?.number ?? 0) + 1;
    this.#current = { number, serving };
    const workers = [...this.#workers.keys()].filter(({ state }) => state !== "draining");
    this.#pushes.begin(number, workers);
    for (const worker of workers) worker.serve(this.#current);
  }

  /** As the last reports of the workers tell them. */
  streams(): readonly StreamStatus[] {
    return [...this.#workers.keys()].flatMap((worker) => [...worker.streams()]);
  }

  async standings(nodeId: string, resource: Named): Promise<readonly StreamStanding[]> {
    const answers = await this.#ask({ kind: "standings", nodeId, resource });
    return answers.flatMap((answer) => (answer.kind === "standings" ? answer.standings : []));
  }

  async holdings(nodeId: string, typeUrl?: string): Promise<readonly StreamHoldings[]> {
    const answers = await this.#ask({ kind: "holdings", nodeId, ...(typeUrl !== undefined && { typeUrl }) });
    return answers.flatMap((answer) => (answer.kind === "holdings" ? answer.holdings : []));
  }

  /** How the workers are, for metrics. */
  workers(): WorkersReport {
    return {
      restarts: this.#restarts,
      hangs: this.#hangs,
      workers: Array.from(this.#workers, ([worker, { index }]) => ({
        index,
        isServing: isServing(worker),
        streams: worker.streamCount,
        connections: worker.connectionCount,
        ...worker.usage,
      })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock, drainMs } = this.#options;
    this.#state = "closed";
    this.#gate.close();
    this.#cancelBeat();
    for (const cancel of this.#cancelRestarts) cancel();
    for (const { socket, onOver } of this.#waiting.splice(0)) {
      socket.destroy();
      onOver();
    }
    if (this.#workers.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const worker of this.#workers.keys()) worker.drain();
    const cancel = clock.after(drainMs + endGraceMs, () => {
      for (const worker of this.#workers.keys()) worker.kill();
    });
    await empty;
    cancel();
  }

  #startWorker(index: number): void {
    const { fork, clock } = this.#options;
    const worker = new Worker(fork(), this.#host);
    this.#workers.set(worker, { index, startedAtMs: clock.monotonic() });
    if (this.#current) worker.serve(this.#current);
  }

  #makeHost(): WorkerHost {
    const { referencesOf, loads, onRequests, onRefused, log } = this.#options;
    return {
      referencesOf,
      loads,
      nextStreamId: () => {
        this.#streamCount += 1;
        return this.#streamCount;
      },
      setup: (worker) => this.#setup(this.#workers.get(worker)!.index),
      clientStatus: (request) => this.#clientStatus(request),
      onServing: ({ pid }) => {
        log.info("worker serves", { pid });
        if ([...this.#workers.keys()].filter(isServing).length === this.#options.count) this.#onStarted();
        this.#hand();
      },
      onFree: () => this.#hand(),
      onLost: ({ pid, connectionCount: connections }) =>
        log.error("worker did not get a connection; may it open more files?", { pid, connections }),
      onEvents: (events, worker) => this.#takeEvents(events, worker),
      onRequests,
      onPushed: (number, worker, push) => this.#pushes.end(number, worker, push),
      onRefused,
      onExit: (worker, how) => this.#takeExit(worker, how),
    };
  }

  #beatLater(): void {
    const { clock, hungAfterMs } = this.#options;
    this.#cancelBeat = clock.after(hungAfterMs / beatsToHung, () => {
      for (const worker of this.#workers.keys()) this.#beat(worker);
      this.#beatLater();
    });
  }

  #beat(worker: Worker): void {
    const { hungAfterMs, log } = this.#options;
    const { pid, state } = worker;
    const limitMs = state === "starting" ? Math.max(hungAfterMs, startGraceMs) : hungAfterMs;
    if ((worker.beat() * hungAfterMs) / beatsToHung < limitMs) return;
    this.#hangs += 1;
    const verdict = `no sign of life for ${limitMs / 1_000} s`;
    log.error("worker hangs, and is killed", { pid, state, error: verdict });
    worker.kill(verdict);
  }

  #setup(index: number): WorkerSetup {
    const { identifier, userTypes, limits, drainMs, tls, tokens, count } = this.#options;
    return {
      identifier,
      userTypes,
      limits: { ...limits, streamRate: shareOf(limits.streamRate, count, index) },
      drainMs,
      ...(tls && { tls: { material: tls.material.value, allowsCertless: tls.allowsCertless } }),
      ...(tokens && { tokens: tokens.tokens.value }),
      refusals: this.#refusals.list(),
    };
  }

  #clientStatus(request: Buffer): ClientStatusAnswer {
    try {
      return { kind: "message", bytes: this.#options.clientStatus(request) };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return { kind: "status", code: error.code, details: error.message };
    }
  }

  #takeEvents(events: readonly WorkerEvent[], worker: Worker): void {
    for (const { event, node } of events) {
      if (node && (event.kind === "nacked" || event.kind === "acked"))
        this.#shareRefusal(event, node.id, worker);
      this.#options.onEvent(event);
    }
  }

  /** XDS-60: what a node refused counts wherever it comes back. */
  #shareRefusal({ kind, typeUrl, atMs }: Acked | Nacked, nodeId: string, worker: Worker): void {
    if (kind === "nacked") {
      this.#refusals.noteRefusal(nodeId, typeUrl, atMs);
      this.#tellAll({ kind: "refused", refusal: { nodeId, typeUrl, atMs } }, worker);
    } else if (this.#refusals.has(nodeId, typeUrl, atMs)) {
      this.#refusals.noteAck(nodeId, typeUrl);
      this.#tellAll({ kind: "accepted", nodeId, typeUrl }, worker);
    }
  }

  #takeExit(worker: Worker, how: string): void {
    const { clock, log } = this.#options;
    const { index, startedAtMs } = this.#workers.get(worker)!;
    const { pid, state } = worker;
    this.#workers.delete(worker);
    this.#pushes.leave(worker);
    const ended = worker.endStreams(`the worker that served it ended (${how})`, clock.now());
    if (state !== "draining" && this.#state !== "closed") {
      log.error("worker has ended; another one takes its place", { pid, how, streams: ended.length });
    }
    for (const event of ended) this.#options.onEvent(event);
    if (this.#state === "closed") {
      if (this.#workers.size === 0) this.#onEmpty();
      return;
    }
    if (this.#state === "starting") {
      this.#onStarted(new Error(`a worker ended (${how}) before it served`));
      return;
    }
    this.#restarts += 1;
    const livedMs = clock.monotonic() - startedAtMs;
    const cancel = clock.after(livedMs < restartPauseMs ? restartPauseMs : 0, () => {
      this.#cancelRestarts.delete(cancel);
      this.#startWorker(index);
    });
    this.#cancelRestarts.add(cancel);
  }

  /** Gives the connections that wait to workers: each to the one with the fewest that can take one now. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#workers.keys()].filter(({ isFree }) => isFree);
      const [first, ...others] = free;
      if (!first) return;
      const fewest = others.reduce(
        (best, worker) => (worker.connectionCount < best.connectionCount ? worker : best),
        first,
      );
      fewest.hand(this.#waiting.shift()!);
    }
  }

  #tellAll(message: Parameters<Worker["tell"]>[0], except?: Worker): void {
    for (const worker of this.#workers.keys()) if (worker !== except) worker.tell(message);
  }

  async #ask(question: Question): Promise<readonly Answer[]> {
    const answers = await Promise.all(Array.from(this.#workers.keys(), (worker) => worker.ask(question)));
    return answers.filter((answer) => answer !== undefined);
  }
}

function isServing({ state }: Worker): boolean {
  return state === "serving";
}

/**
 * What one of several that get connections in equal parts keeps to, so that all keep to the whole. Of what may come at once the
 * first ones take what does not divide, and each at least 1, for with none it would never serve anybody.
 */
function shareOf({ perSecond, burst }: RateLimit, count: number, index: number): RateLimit {
  const rest = index < burst % count ? 1 : 0;
  return { perSecond: perSecond / count, burst: Math.max(1, Math.floor(burst / count) + rest) };
}
