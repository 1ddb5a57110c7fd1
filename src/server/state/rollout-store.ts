import { join } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import { type HistoryLimits, historyLimitsByDefault, revisionsToGoBackTo } from "../../rollout/history.ts";
import type { RolloutRecord, RolloutState } from "../../rollout/state.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { SourceIdentity } from "../../sources/source.ts";
import { decodeRevision, encodeRevision } from "./revision-file.ts";
import { decodeRollout, encodeRollout, stateOf } from "./rollout-file.ts";
import { stateFolderOf } from "./state-folder.ts";
import { replaceFile } from "./replace-file.ts";
import type { StateFiles } from "./state-files.ts";

export type StoredRollout =
  | { readonly kind: "none" }
  | {
      readonly kind: "found";
      readonly state: RolloutState;
      readonly history: readonly RolloutRecord[];
      /** What was lost although it was kept, for people. */
      readonly losses: readonly string[];
    }
  /** There is one, and it is damaged, unreadable or of another version of this program. Never served. */
  | { readonly kind: "unusable"; readonly reason: string };

/** Keeps the rollout of one source across restarts, and the revisions that it may go back to. */
export interface RolloutStore {
  /** Rejects when the disk refuses; what was kept before then stays. Not to be called again before it is done. */
  save(state: RolloutState, history: readonly RolloutRecord[]): Promise<void>;
  load(): Promise<StoredRollout>;
  /** A revision that was kept; undefined when it is not, or not any more. Rejects when it is damaged. */
  revision(id: string): Promise<Revision | undefined>;
}

const idForm = /^[\w-]+$/;

/**
 * A store below `stateFolder`. `revisions/<id>` hold the content, `rollout` everything else by id. Each is written aside,
 * synced, renamed and its folder synced, the content before what names it; so whatever moment the process or the
 * machine stops at, `rollout` names whole revisions and is of one moment.
 */
export function openRolloutStore(
  stateFolder: string,
  source: SourceIdentity,
  files: StateFiles,
  token: string,
  limits: HistoryLimits = historyLimitsByDefault,
): RolloutStore {
  return new DiskStore(join(stateFolder, stateFolderOf(source)), files, token, limits);
}

class DiskStore implements RolloutStore {
  readonly #folder: string;
  readonly #revisions: string;
  readonly #files: StateFiles;
  readonly #token: string;
  readonly #limits: HistoryLimits;
  /** Ids of revisions that this process has written or read whole. */
  readonly #known = new Set<string>();
  /** What `rollout` holds, as far as this process knows. */
  #written: Buffer | undefined;

  constructor(folder: string, files: StateFiles, token: string, limits: HistoryLimits) {
    this.#folder = folder;
    this.#revisions = join(folder, "revisions");
    this.#files = files;
    this.#token = token;
    this.#limits = limits;
  }

  async save(state: RolloutState, history: readonly RolloutRecord[]): Promise<void> {
    const file = encodeRollout(state, history);
    const { serving } = state;
    if (!file || !serving) return;
    const served = [serving.stable, ...(serving.candidate ? [serving.candidate.revision] : [])];
    await this.#files.makeFolder(this.#revisions);
    for (const revision of served) {
      if (this.#known.has(revision.id)) continue;
      await this.#replace(this.#revisions, revision.id, encodeRevision(revision));
      this.#known.add(revision.id);
    }
    // Nothing is to be lost, and a disk that is read-only has nothing to refuse.
    if (this.#written?.equals(file)) return;
    await this.#replace(this.#folder, "rollout", file);
    this.#written = file;
    // All of it is kept, whatever the disk says to this; the next save tries again.
    await this.#prune(served, history).catch(() => undefined);
  }

  async load(): Promise<StoredRollout> {
    try {
      const file = await this.#files.read(join(this.#folder, "rollout"));
      if (!file) return { kind: "none" };
      this.#written = file;
      const saved = decodeRollout(file);
      const stable = await this.revision(saved.stable);
      if (!stable) return { kind: "unusable", reason: `${join(this.#revisions, saved.stable)} is missing` };
      const losses: string[] = [];
      const candidate = saved.candidate && (await this.#candidate(saved.candidate.revisionId, losses));
      return { kind: "found", state: stateOf(saved, stable, candidate), history: saved.history, losses };
    } catch (error) {
      return { kind: "unusable", reason: errorMessage(error) };
    }
  }

  async revision(id: string): Promise<Revision | undefined> {
    // The id comes from people too, and names a file here.
    if (!idForm.test(id)) return undefined;
    const path = join(this.#revisions, id);
    const file = await this.#files.read(path);
    if (!file) return undefined;
    const revision = decodeSafely(file, path);
    if (revision.id !== id) throw new Error(`${path} has the id ${revision.id}`);
    this.#known.add(id);
    return revision;
  }

  async #candidate(id: string, losses: string[]): Promise<Revision | undefined> {
    try {
      const revision = await this.revision(id);
      if (!revision) losses.push(`${join(this.#revisions, id)} is missing`);
      return revision;
    } catch (error) {
      losses.push(errorMessage(error));
      return undefined;
    }
  }

  #replace(folder: string, name: string, bytes: Buffer): Promise<void> {
    return replaceFile(this.#files, { folder, name, token: this.#token }, bytes);
  }

  /** What is not served and was good longest ago goes; left-over temporary files of a killed process go too. */
  async #prune(served: readonly Revision[], history: readonly RolloutRecord[]): Promise<void> {
    const kept = new Set([...served.map(({ id }) => id), ...revisionsToGoBackTo(history, this.#limits)]);
    for (const name of await this.#files.list(this.#revisions)) {
      if (kept.has(name)) continue;
      await this.#files.remove(join(this.#revisions, name));
      this.#known.delete(name);
    }
    for (const name of await this.#files.list(this.#folder)) {
      if (name.startsWith(".rollout.")) await this.#files.remove(join(this.#folder, name));
    }
  }
}

function decodeSafely(file: Buffer, path: string): Revision {
  try {
    return decodeRevision(file);
  } catch (error) {
    throw new Error(`${path} is damaged: ${errorMessage(error)}`, { cause: error });
  }
}
