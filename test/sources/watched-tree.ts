import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FolderReader } from "../../src/sources/folder-reader.ts";
import { FolderWatches } from "../../src/sources/folder-watches.ts";
import { readTree } from "../../src/sources/read-tree.ts";
import { defaultSourceLimits, type Reading, type SourceLimits } from "../../src/sources/reading.ts";

/** A tree of files with a reader that follows the events of the system, which a test waits for. */
export class WatchedTree implements AsyncDisposable {
  readonly #base = mkdtempSync(join(tmpdir(), "chancery-reader-"));
  readonly root = join(this.#base, "config");
  readonly #bell = join(this.#base, "bell");
  readonly #bellWatch;
  readonly #watches = new FolderWatches((event) => this.#reader.note(event));
  readonly #abort = new AbortController();
  readonly #reader: FolderReader;
  readonly #options;
  #rings = 0;
  #last: Reading | undefined;
  /** How often folders were listed as parts of the whole tree since `read` was called last. */
  looks = 0;
  /** Whether what changed since was told as urgent. */
  urgencies: boolean[] = [];

  constructor(files: Readonly<Record<string, string>>, limits: SourceLimits = defaultSourceLimits) {
    mkdirSync(this.root);
    mkdirSync(this.#bell);
    this.#bellWatch = watch(this.#bell);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    // As seen from a minute later, so that nothing is too young to be told apart by its times.
    const clock = { now: () => Date.now() + 60_000, monotonic: () => 0, after: () => () => {} };
    this.#options = { limits, clock, signal: this.#abort.signal };
    this.#reader = new FolderReader(this.root, {
      ...this.#options,
      wholeEveryMs: 1000,
      onChange: (isUrgent) => this.urgencies.push(isUrgent),
      watches: {
        look: (folder, identity) => {
          this.looks += 1;
          this.#watches.look(folder, identity);
        },
        keepLooked: () => this.#watches.keepLooked(),
      },
    });
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Resolves when the events of all that was done until now have come: the system tells them in order. */
  async heard(): Promise<void> {
    this.#rings += 1;
    const name = String(this.#rings);
    writeFileSync(join(this.#bell, name), "");
    for (;;) {
      const [, heard] = await once(this.#bellWatch, "change");
      if (heard === name) return;
    }
  }

  /** What the reader has now, by events alone. */
  async read(): Promise<Reading> {
    await this.heard();
    this.looks = 0;
    this.urgencies = [];
    this.#last = (await this.#reader.read()) ?? this.#last;
    return this.#last!;
  }

  /** What is there for somebody who knows nothing. */
  async readAnew(): Promise<Reading> {
    return (await readTree(this.root, undefined, this.#options)).reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#watches.close();
    this.#bellWatch.close();
    rmSync(this.#base, { recursive: true, force: true });
  }
}

/** What a reading says, for comparison: paths and texts, or what is wrong. */
export function contentOf(reading: Reading): unknown {
  return reading.kind === "tree"
    ? reading.files.map(({ path, text }) => `${path}: ${text}`)
    : reading.problems;
}
