import { once } from "node:events";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { contentHash } from "../../config/content-hash.ts";
import { failure } from "../problems.ts";
import type { Reading } from "../reading.ts";
import type { Source } from "../source.ts";

/** A tree that was pushed. */
export interface PushedTree {
  readonly files: readonly ConfigFile[];
  /** Hash of all paths and texts. */
  readonly contentHash: string;
  /** The name of the token that it was pushed with. */
  readonly by?: string;
  /** Wall clock, ms since the epoch. */
  readonly pushedAtMs: number;
}

/** Keeps the tree that was accepted last, over restarts. */
export interface PushedTreeStore {
  /** Has it on the disk, where `commit` finds it by what this gives. Rejects when the disk refuses; what was there stays. */
  stage(content: Buffer): Promise<string>;
  /** Makes what was staged the tree that `get` gives. Rejects when the disk refuses; what was there stays. */
  commit(staged: string): Promise<void>;
  get(): Promise<
    | { readonly kind: "none" }
    | { readonly kind: "found"; readonly content: Buffer }
    | { readonly kind: "corrupt"; readonly reason: string }
  >;
}

/** The tree of these files. */
export function pushedTree(
  files: readonly ConfigFile[],
  parts: { readonly by?: string; readonly pushedAtMs: number },
): PushedTree {
  const hash = contentHash(...files.flatMap(({ path, text }) => [path, "\0", text, "\0"]));
  return { files, contentHash: hash, ...parts };
}

/** What was pushed over the admin API, as a source. A tree is a candidate until somebody has judged it. */
export class PushSource implements Source {
  readonly identity = { kind: "push", place: "push" };
  readonly #store: PushedTreeStore;
  readonly #clock: Clock;
  #restored: Promise<string | undefined> | undefined;
  #current: PushedTree | undefined;
  #candidate: { readonly tree: PushedTree; readonly staged: string } | undefined;

  constructor(store: PushedTreeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The tree that was accepted last; absent before the first. */
  async current(): Promise<PushedTree | undefined> {
    await (this.#restored ??= this.#restore());
    return this.#current;
  }

  /** What a watch that begins from now on reads. Rejects when the disk refuses to keep it; then it is not read. */
  async propose(tree: PushedTree): Promise<void> {
    this.#candidate = { tree, staged: await this.#store.stage(encode(tree)) };
  }

  /** The tree that was accepted last is read again. */
  withdraw(): void {
    this.#candidate = undefined;
  }

  /**
   * Makes the proposed tree the accepted one. Rejects when the disk, which has it, does not say so; it is the accepted one all the
   * same, until a restart.
   */
  async accept(): Promise<void> {
    if (!this.#candidate) throw new Error("nothing is proposed");
    const { tree, staged } = this.#candidate;
    this.#candidate = undefined;
    this.#current = tree;
    await this.#store.commit(staged);
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Reading, void, void> {
    const problem = await (this.#restored ??= this.#restore());
    const tree = this.#candidate?.tree ?? this.#current;
    const readAtMs = this.#clock.now();
    if (tree) {
      const { files, by } = tree;
      const origin = { kind: "push", ...(by !== undefined && { by }) } as const;
      yield { kind: "tree", files, readAtMs, origin };
    } else {
      const none = failure("push-none", 'nothing has been pushed yet: run "chancery push DIR"');
      yield {
        kind: "failed",
        problems: [problem === undefined ? none : failure("push-unusable", problem)],
        readAtMs,
      };
    }
    // A push has the watch begin anew.
    if (!signal.aborted) await once(signal, "abort");
  }

  /** What is wrong with what was kept, if anything. */
  async #restore(): Promise<string | undefined> {
    try {
      const stored = await this.#store.get();
      if (stored.kind === "none") return undefined;
      if (stored.kind === "corrupt") return stored.reason;
      this.#current ??= decode(stored.content);
      return undefined;
    } catch (error) {
      return `what was pushed before cannot be read: ${errorMessage(error)}`;
    }
  }
}

/** Changes when an older program could not read what a newer one wrote. */
const format = "chancery-pushed/1";

function encode({ files, by, pushedAtMs }: PushedTree): Buffer {
  const texts = files.map(({ path, text }) => [path, text]);
  return Buffer.from(JSON.stringify({ format, pushedAtMs, ...(by !== undefined && { by }), files: texts }));
}

/** The hash of the file was that of what we wrote, so only the version of the format is in question. */
function decode(content: Buffer): PushedTree {
  const read: {
    readonly format: string;
    readonly pushedAtMs: number;
    readonly by?: string;
    readonly files: readonly (readonly [path: string, text: string])[];
  } = JSON.parse(content.toString("utf8"));
  if (read.format !== format) throw new Error(`not of the format ${format}`);
  const { pushedAtMs, by, files } = read;
  return pushedTree(
    files.map(([path, text]) => ({ path, text })),
    { pushedAtMs, ...(by !== undefined && { by }) },
  );
}
