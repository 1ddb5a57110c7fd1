import { setImmediate } from "node:timers/promises";
import { isEndpointFile } from "./endpoint-files.ts";
import type { FolderWatches } from "./folder-watches.ts";
import { findPath } from "./path-order.ts";
import { readChanged } from "./read-changed.ts";
import { type KnownTree, readTree, type TreeOptions, type TreeReading } from "./read-tree.ts";
import type { Reading } from "./reading.ts";
import {
  type Affected,
  affectedBy,
  type FolderEvent,
  isEndpointsOnly,
  isNothing,
  noChanges,
  pathOf,
  type TreeChanges,
  withAffected,
  wholeTree,
} from "./tree-changes.ts";

export interface FolderReaderOptions extends Omit<TreeOptions, "onFolder"> {
  /** Told of the folders to watch: of each before it is listed, and when those that it was not told of are none any more. */
  readonly watches: Pick<FolderWatches, "look" | "keepLooked">;
  /** How long events alone are relied on: a reading after this time looks at the whole tree. */
  readonly wholeEveryMs: number;
  /** Something is to be read. Urgent is what changes often and by itself: files of endpoints. */
  readonly onChange: (isUrgent: boolean) => void;
}

/** Reads a folder again and again, each time no more of it than what changed asks for. */
export class FolderReader {
  readonly #root: string;
  readonly #options: FolderReaderOptions;
  #tree: KnownTree | undefined;
  #changes: TreeChanges = wholeTree;
  /** Events of a time when the tree that they have to be held against is being read. */
  #unsorted: FolderEvent[] | undefined;
  #wholeAtMs = -Infinity;

  constructor(root: string, options: FolderReaderOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Something changed in a folder of the tree. */
  note(event: FolderEvent): void {
    if (this.#unsorted) this.#unsorted.push(event);
    else this.#sort(event);
  }

  /** In how many milliseconds the whole tree is to be looked at, whatever events tell. */
  get wholeInMs(): number {
    const { clock, wholeEveryMs } = this.#options;
    return Math.max(0, this.#wholeAtMs + wholeEveryMs - clock.monotonic());
  }

  /** What stands there now. Undefined when nothing happened to what is known, as far as the events tell. */
  async read(): Promise<Reading | undefined> {
    const changes = this.#changes;
    this.#changes = noChanges;
    if (this.#tree && changes.kind === "parts" && this.wholeInMs > 0) {
      if (isNothing(changes)) return undefined;
      const result = await readChanged(this.#root, this.#tree, changes, {
        ...this.#options,
        hasMoved: () => this.#hasMoved(),
      });
      if (result) return this.#take(result);
    }
    return this.#readWhole();
  }

  async #readWhole(): Promise<Reading> {
    this.#changes = noChanges;
    this.#unsorted = [];
    const { watches } = this.#options;
    const result = await readTree(this.#root, this.#tree, {
      ...this.#options,
      onFolder: (folder, identity) => watches.look(folder, identity),
    });
    const events = this.#unsorted;
    this.#unsorted = undefined;
    this.#wholeAtMs = this.#options.clock.monotonic();
    const reading = this.#take(result);
    // Where things stand is only known of a tree that was read to its end.
    if (reading.kind === "failed") this.#changes = wholeTree;
    else watches.keepLooked();
    for (const event of events) this.#sort(event);
    return reading;
  }

  #take({ reading, tree, moving }: TreeReading): Reading {
    this.#tree = tree;
    // The event of the last write may have come before it was looked for.
    for (const path of moving) this.#add({ kind: "file", path }, true);
    return reading;
  }

  #sort(event: FolderEvent): void {
    const tree = this.#tree;
    if (!tree) return this.#add({ kind: "tree" }, false);
    const isKnown = (path: string) => findPath(tree.files, path, ({ file }) => file.path).isThere;
    this.#add(affectedBy(event, tree.layout, isKnown), isEndpointFile(pathOf(event, tree.layout)));
  }

  #add(affected: Affected, isUrgent: boolean): void {
    if (affected.kind === "nothing") return;
    this.#changes = withAffected(this.#changes, affected);
    this.#options.onChange(isUrgent);
  }

  /** The system hands out events in order: two turns later all are here of what happened before this was asked. */
  async #hasMoved(): Promise<boolean> {
    await setImmediate();
    await setImmediate();
    return !isEndpointsOnly(this.#changes);
  }
}
