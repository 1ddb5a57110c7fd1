import { unreachable } from "../../src/base/unreachable.ts";
import type { AdminReply } from "../admin/admin-route.ts";
import type { Log } from "../../src/base/log.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { ForeignSources } from "../resources/extension.ts";
import type { StatsSnapshot } from "../stats/stats-store.ts";
import type { SourceFile } from "../../src/schema/source-node.ts";
import { removePipe } from "../listeners/binding.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { WorkerLink, XdsHub } from "./xds-hub.ts";

/** A worker process, as little of it as is needed. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  kill(signal: NodeJS.Signals): void;
  onMessage(callback: (message: FromWorker) => void): void;
  /** Called once, when it is over. */
  onExit(callback: (how: string) => void): void;
}

export interface WorkerPoolOptions {
  readonly count: number;
  readonly fork: () => WorkerProcess;
  readonly files: readonly SourceFile[];
  readonly foreignSources: ForeignSources;
  readonly hub: XdsHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly onQuit: () => void;
}

/** A worker that ended sooner after its start than this is started again only after as long: it may end again. */
const RESTART_DELAY_MS = 1000;

/** How much longer than the drain time a worker may take to end. */
const DRAIN_GRACE_MS = 5000;

/** A worker of the pool. */
interface Worker extends WorkerLink {
  readonly index: number;
  readonly process: WorkerProcess;
  readonly startedAtMs: number;
  isLive: boolean;
}

/** The answers that are still to come from one worker, by id. */
type Asked = Map<number, (answer: Answer | undefined) => void>;

/** What a worker answers. */
type Answer =
  | { readonly kind: "stats"; readonly stats: StatsSnapshot }
  | { readonly kind: "admin"; readonly reply: AdminReply };

/** The workers of a proxy: started, started again when they end, asked and told. */
export class WorkerPool {
  readonly live: Promise<void>;
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #asked = new Map<Worker, Asked>();
  /** Paths of pipes that were cleared once: a second worker must not take them from the first. */
  readonly #cleared = new Set<string>();
  #lastId = 0;
  #hasStarted = false;
  #isEnding = false;
  #onLive: () => void = () => undefined;
  #onFailed: (error: Error) => void = () => undefined;
  #onEmpty: () => void = () => undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.live = new Promise((resolve, reject) => {
      this.#onLive = resolve;
      this.#onFailed = reject;
    });
  }

  start(): void {
    for (let index = 0; index < this.#options.count; index += 1) this.#start(index);
  }

  /** The statistics of each live worker. */
  async stats(): Promise<readonly StatsSnapshot[]> {
    const answers = await Promise.all(
      this.#live().map((worker) => this.#ask(worker, (id) => ({ kind: "ask-stats", id }))),
    );
    return answers.flatMap((answer) => (answer?.kind === "stats" ? [answer.stats] : []));
  }

  /** What each live worker answers to a request of the admin endpoint; that of the first only with `isFirstOnly`. */
  async admin(
    method: string,
    target: string,
    options: { readonly isFirstOnly?: boolean; readonly stats?: readonly StatsSnapshot[] } = {},
  ): Promise<readonly AdminReply[]> {
    const workers = options.isFirstOnly ? this.#live().slice(0, 1) : this.#live();
    const stats = options.stats && { stats: options.stats };
    const answers = await Promise.all(
      workers.map((worker) =>
        this.#ask(worker, (id) => ({ kind: "ask-admin", id, method, target, ...stats })),
      ),
    );
    return answers.flatMap((answer) => (answer?.kind === "admin" ? [answer.reply] : []));
  }

  /** All workers were live once, and one is now: that others are being started again is no reason to send clients elsewhere. */
  get isServing(): boolean {
    return this.#hasStarted && this.#live().length > 0;
  }

  /** Has all workers drain and end. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    if (this.#workers.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const { process } of this.#workers.values()) process.send({ kind: "drain", timeoutMs });
    const cancel = this.#options.clock.after(timeoutMs + DRAIN_GRACE_MS, () => {
      for (const { process } of this.#workers.values()) process.kill("SIGKILL");
    });
    await empty;
    cancel();
  }

  /** Ends all workers now. */
  async close(): Promise<void> {
    this.#isEnding = true;
    if (this.#workers.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const { process } of this.#workers.values()) process.kill("SIGKILL");
    await empty;
  }

  #live(): readonly Worker[] {
    return [...this.#workers.values()].filter(({ isLive }) => isLive).sort((a, b) => a.index - b.index);
  }

  #start(index: number): void {
    const { fork, clock } = this.#options;
    const process = fork();
    const worker: Worker = {
      index,
      process,
      sendXds: (message) => process.send({ kind: "xds", message }),
      startedAtMs: clock.monotonic(),
      isLive: false,
    };
    this.#workers.set(index, worker);
    this.#asked.set(worker, new Map());
    worker.process.onMessage((message) => this.#take(worker, message));
    worker.process.onExit((how) => this.#onExit(worker, how));
  }

  #take(worker: Worker, message: FromWorker): void {
    const { count, files, foreignSources, hub, log, onQuit } = this.#options;
    switch (message.kind) {
      case "up":
        worker.process.send({
          kind: "start",
          start: { files, foreignSources, index: worker.index, count },
        });
        return;
      case "live":
        worker.isLive = true;
        this.#hasStarted ||= this.#live().length === count;
        if (this.#hasStarted) this.#onLive();
        return;
      case "failed":
        this.#onFailed(new Error(message.reason));
        log.error("a worker cannot run", { worker: worker.index, error: message.reason });
        // It is started again, as after any other end.
        if (this.#hasStarted) worker.process.kill("SIGKILL");
        return;
      case "stats":
      case "admin":
        this.#answer(worker, message.id, message);
        return;
      case "clear-pipe":
        void this.#clearPipe(worker, message.id, message.path);
        return;
      case "quit":
        onQuit();
        return;
      case "xds":
        hub.take(worker, message.message);
        return;
      default:
        unreachable(message);
    }
  }

  async #clearPipe(worker: Worker, id: number, path: string): Promise<void> {
    if (!this.#cleared.has(path)) {
      this.#cleared.add(path);
      await removePipe(path);
    }
    worker.process.send({ kind: "pipe-cleared", id });
  }

  #onExit(worker: Worker, how: string): void {
    const { hub, log, clock } = this.#options;
    this.#workers.delete(worker.index);
    hub.detach(worker);
    for (const answer of this.#asked.get(worker)?.values() ?? []) answer(undefined);
    this.#asked.delete(worker);
    if (this.#isEnding) {
      if (this.#workers.size === 0) this.#onEmpty();
      return;
    }
    this.#onFailed(new Error(`worker ${worker.index} ended: ${how}`));
    // Before the first time that all are live, whoever waits for that decides what to do.
    if (!this.#hasStarted) return;
    log.error("a worker ended and is started again", { worker: worker.index, how });
    const age = clock.monotonic() - worker.startedAtMs;
    if (age >= RESTART_DELAY_MS) this.#start(worker.index);
    else {
      clock.after(RESTART_DELAY_MS, () => {
        if (!this.#isEnding) this.#start(worker.index);
      });
    }
  }

  #ask(worker: Worker, message: (id: number) => ToWorker): Promise<Answer | undefined> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#asked.get(worker)?.set(id, resolve);
      worker.process.send(message(id));
    });
  }

  #answer(worker: Worker, id: number, answer: Answer): void {
    const asked = this.#asked.get(worker);
    asked?.get(id)?.(answer);
    asked?.delete(id);
  }
}
