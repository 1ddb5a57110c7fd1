import { errorMessage } from "../../base/error-message.ts";
import type { Problem } from "../../base/problem.ts";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { checkTree } from "../../sources/push/check-tree.ts";
import { pushedTree, type PushSource } from "../../sources/push/push-source.ts";
import type { SourceLimits } from "../../sources/reading.ts";

export interface Push {
  /** What the JSON of the request says they are. */
  readonly files: unknown;
  /** The tag of the tree that it is to replace, or `*` for whatever is there. */
  readonly ifMatch: string;
  readonly by?: string;
  readonly allowsRemovals: boolean;
}

/** What is there, for a push that comes next. */
export interface PushedReport {
  /** The hash of its paths and texts; `none` before the first push. */
  readonly tag: string;
  readonly files: number;
  readonly by?: string;
  readonly pushedAtMs?: number;
}

export type PushOutcome =
  /** It is served, and on the disk. */
  | { readonly kind: "accepted"; readonly now: PushedReport }
  /** The disk refuses to keep it. It is not served then, unless the disk came to refuse while it was looked at. */
  | {
      readonly kind: "unkept";
      readonly isServed: boolean;
      readonly reason: string;
      readonly now: PushedReport;
    }
  /** The checks refuse it: what was served stays. */
  | { readonly kind: "refused"; readonly now: PushedReport }
  | { readonly kind: "malformed"; readonly problems: readonly Problem[] }
  /** Somebody else pushed meanwhile. */
  | { readonly kind: "conflict"; readonly now: PushedReport }
  | { readonly kind: "busy" };

export interface PushDoorOptions {
  readonly source: PushSource;
  readonly limits: SourceLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Looks at the source now, and says whether what is there is served. */
  readonly judge: (allowsRemovals: boolean) => Promise<boolean>;
  /** The state directory could not be written. */
  readonly onStateError: () => void;
}

/** Trees are held in memory while they wait. */
const mostWaiting = 4;

/** Lets pushes in one after the other: of two that build on the same tree, the first wins and the second is told. */
export class PushDoor {
  readonly #options: PushDoorOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: PushDoorOptions) {
    this.#options = options;
  }

  async report(): Promise<PushedReport> {
    const tree = await this.#options.source.current();
    if (!tree) return { tag: "none", files: 0 };
    const { contentHash, files, by, pushedAtMs } = tree;
    return { tag: contentHash, files: files.length, ...(by !== undefined && { by }), pushedAtMs };
  }

  async push(push: Push): Promise<PushOutcome> {
    if (this.#waiting >= mostWaiting) return { kind: "busy" };
    this.#waiting += 1;
    const outcome = this.#queue.then(() => this.#take(push));
    // The next one waits for the end, whatever it is.
    this.#queue = outcome.catch(() => undefined);
    return outcome.finally(() => {
      this.#waiting -= 1;
    });
  }

  async #take({ files, ifMatch, by, allowsRemovals }: Push): Promise<PushOutcome> {
    const { source, limits, clock, log, judge } = this.#options;
    const before = await this.report();
    if (ifMatch !== "*" && ifMatch !== before.tag) return { kind: "conflict", now: before };
    const checked = checkTree(files, limits);
    if (checked.kind === "refused") return { kind: "malformed", problems: checked.problems };
    const tree = pushedTree(checked.files, { pushedAtMs: clock.now(), ...(by !== undefined && { by }) });
    log.info("a push is looked at", { by, files: tree.files.length });
    const unproposed = await refusalOf(source.propose(tree));
    if (unproposed !== undefined) return this.#unkept(unproposed, false);
    let isGood = false;
    try {
      isGood = await judge(allowsRemovals);
    } finally {
      if (!isGood) source.withdraw();
    }
    if (!isGood) return { kind: "refused", now: before };
    const unaccepted = await refusalOf(source.accept());
    if (unaccepted !== undefined) return this.#unkept(unaccepted, true);
    return { kind: "accepted", now: await this.report() };
  }

  async #unkept(reason: string, isServed: boolean): Promise<PushOutcome> {
    const { log, onStateError } = this.#options;
    onStateError();
    log.error(
      isServed
        ? "the push is served, but would not survive a restart: the state directory refuses it"
        : "the push is not taken: the state directory refuses it",
      { error: reason },
    );
    return { kind: "unkept", isServed, reason, now: await this.report() };
  }
}

/** Why it rejected; undefined when it did not. */
function refusalOf(writing: Promise<void>): Promise<string | undefined> {
  return writing.then(() => undefined, errorMessage);
}
