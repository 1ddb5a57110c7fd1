import { errorMessage } from "../../src/base/error-message.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import { answerAdmin } from "../admin/admin-routes.ts";
import type { ClearPipe } from "../listeners/binding.ts";
import type { RunningProxy } from "../proxy/start-proxy.ts";
import { mergedStats } from "./merged-stats.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import type { RelayedXds } from "./relayed-xds.ts";

/** The worker's end of the channel to the parent. */
export interface ParentLink {
  send(message: FromWorker): void;
  /** Gives what the parent sends from now on. */
  onMessage(callback: (message: ToWorker) => void): void;
}

/** What a worker runs. */
export interface WorkerParts {
  readonly xds: RelayedXds;
  readonly starting: Promise<RunningProxy>;
}

/**
 * Serves as a worker: starts what the parent says and answers what it asks. Resolves when the parent has had it drain.
 *
 * `startParts`: makes the proxy; may throw, which the parent is told
 */
export function runWorker(
  parent: ParentLink,
  startParts: (start: WorkerStart, clearPipe: ClearPipe) => WorkerParts,
): Promise<void> {
  return new Promise((resolve) => {
    const worker = new WorkerRun(parent, startParts, resolve);
    parent.onMessage((message) => worker.take(message));
    parent.send({ kind: "up" });
  });
}

class WorkerRun {
  readonly #parent: ParentLink;
  readonly #startParts: (start: WorkerStart, clearPipe: ClearPipe) => WorkerParts;
  readonly #onDrained: () => void;
  readonly #cleared = new Map<number, () => void>();
  #lastId = 0;
  #xds: RelayedXds | undefined;
  #starting: Promise<RunningProxy> | undefined;
  #running: RunningProxy | undefined;

  constructor(
    parent: ParentLink,
    startParts: (start: WorkerStart, clearPipe: ClearPipe) => WorkerParts,
    onDrained: () => void,
  ) {
    this.#parent = parent;
    this.#startParts = startParts;
    this.#onDrained = onDrained;
  }

  take(message: ToWorker): void {
    switch (message.kind) {
      case "start":
        void this.#start(message.start);
        return;
      case "ask-stats":
        this.#parent.send({
          kind: "stats",
          id: message.id,
          stats: this.#running?.proxy.stats.snapshot() ?? { stats: [], histograms: [] },
        });
        return;
      case "ask-admin":
        this.#answer(message);
        return;
      case "pipe-cleared":
        this.#cleared.get(message.id)?.();
        this.#cleared.delete(message.id);
        return;
      case "drain":
        void this.#drain(message.timeoutMs);
        return;
      case "xds":
        this.#xds?.take(message.message);
        return;
      default:
        unreachable(message);
    }
  }

  async #start(start: WorkerStart): Promise<void> {
    try {
      const { xds, starting } = this.#startParts(start, (path) => this.#clearPipe(path));
      this.#xds = xds;
      this.#starting = starting;
      this.#running = await starting;
      await this.#running.live;
      this.#parent.send({ kind: "live" });
    } catch (error) {
      const reason = errorMessage(error);
      this.#parent.send({ kind: "failed", reason });
    }
  }

  /** Only the parent knows whether another worker listens there already. */
  #clearPipe(path: string): Promise<void> {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#cleared.set(id, resolve);
      this.#parent.send({ kind: "clear-pipe", id, path });
    });
  }

  #answer({ id, method, target, stats }: Extract<ToWorker, { kind: "ask-admin" }>): void {
    const view = this.#running?.view;
    const reply = view
      ? answerAdmin(stats ? { ...view, stats: mergedStats(stats) } : view, method, target)
      : { status: 503, type: "text" as const, body: "PRE_INITIALIZING\n" };
    this.#parent.send({ kind: "admin", id, reply });
  }

  async #drain(timeoutMs: number): Promise<void> {
    // A start that failed was told of; there is nothing to drain then.
    const running = await this.#starting?.catch(() => undefined);
    await running?.drain(timeoutMs);
    this.#onDrained();
  }
}
