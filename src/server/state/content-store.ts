import { createHash } from "node:crypto";
import { join } from "node:path";
import { replaceFile } from "./replace-file.ts";
import type { StateFiles } from "./state-files.ts";

/** What the store holds as its current content. */
export type StoredContent =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly content: Buffer; readonly hash: string }
  /** There is something, and it is not what was written: never to be used. */
  | { readonly kind: "corrupt"; readonly reason: string };

/** How many contents stay besides the current one, for a person who wants to look back. */
const keptContents = 5;

const hashForm = /^[0-9a-f]{64}$/;

/**
 * One folder that remembers contents by their SHA-256, and which of them is the current one.
 *
 * `contents/<hash>` holds the bytes, `current` the hash. Both are written aside, synced, renamed and the folder
 * synced, the content before the pointer; so whatever moment the process or the machine stops at, `current`
 * names a whole content: the old one or the new one.
 */
export class ContentStore {
  readonly #folder: string;
  readonly #files: StateFiles;
  readonly #token: string;

  /** `token` tells the temporary files of processes that share the folder apart, such as the process id. */
  constructor(folder: string, files: StateFiles, token: string) {
    this.#folder = folder;
    this.#files = files;
    this.#token = token;
  }

  /** Has the content on the disk without making it the current one; gives its hash. Rejects when the disk refuses. */
  async stage(content: Buffer): Promise<string> {
    const hash = hashOf(content);
    const contents = join(this.#folder, "contents");
    await this.#files.makeFolder(contents);
    const existing = await this.#files.read(join(contents, hash));
    if (!existing || hashOf(existing) !== hash) await this.#replace(contents, hash, content);
    return hash;
  }

  /** Makes staged content the current one. Rejects when the disk refuses; the old one is then still the current one. */
  async commit(hash: string): Promise<void> {
    await this.#replace(this.#folder, "current", Buffer.from(`${hash}\n`));
    // The content is the current one, whatever the disk says to this; the next commit tries again.
    await this.#prune(hash).catch(() => undefined);
  }

  /** The current content, if it is exactly what was put. */
  async get(): Promise<StoredContent> {
    const pointer = await this.#files.read(join(this.#folder, "current"));
    if (!pointer) return { kind: "none" };
    const hash = pointer.toString("utf8").trim();
    if (!hashForm.test(hash))
      return { kind: "corrupt", reason: `${join(this.#folder, "current")} is not a hash` };
    const path = join(this.#folder, "contents", hash);
    const content = await this.#files.read(path);
    if (!content) return { kind: "corrupt", reason: `${path} is missing` };
    const found = hashOf(content);
    if (found !== hash)
      return { kind: "corrupt", reason: `${path} has the hash ${found}, not that of its name` };
    return { kind: "found", content, hash };
  }

  #replace(folder: string, name: string, bytes: Buffer): Promise<void> {
    return replaceFile(this.#files, { folder, name, token: this.#token }, bytes);
  }

  /** What was current longest ago goes; left-over temporary files of a killed process go too. */
  async #prune(current: string): Promise<void> {
    const contents = join(this.#folder, "contents");
    const history = join(this.#folder, "history");
    const past = ((await this.#files.read(history)) ?? Buffer.alloc(0)).toString("utf8").split("\n");
    const kept = [current, ...past.filter((hash) => hashForm.test(hash) && hash !== current)].slice(
      0,
      keptContents + 1,
    );
    await this.#replace(this.#folder, "history", Buffer.from(`${kept.join("\n")}\n`));
    for (const name of await this.#files.list(contents)) {
      if (!kept.includes(name)) await this.#files.remove(join(contents, name));
    }
  }
}

function hashOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
