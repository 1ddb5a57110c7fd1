import { basename, dirname } from "node:path";
import type { StateFiles } from "../../../src/server/state/state-files.ts";

/** What a file operation throws once the power has failed. */
class PowerCut extends Error {}

/**
 * A disk in memory whose power fails before operation number `cutAt`, and nothing is done from then on: a write under way leaves half of its bytes, and
 * what was renamed or removed in a folder since its last sync is undone when `losesUnsynced`.
 */
export function fragileDisk(durable: Map<string, Buffer>, cutAt: number, losesUnsynced: boolean) {
  const live = new Map(durable);
  let operations = 0;
  const isCut = () => cutAt > 0 && operations >= cutAt;
  const tick = () => {
    operations += 1;
    if (isCut()) throw new PowerCut(`power cut at operation ${cutAt}`);
  };
  const syncEntries = (folder: string) => {
    for (const path of durable.keys()) if (dirname(path) === folder && !live.has(path)) durable.delete(path);
    for (const [path, bytes] of live) if (dirname(path) === folder) durable.set(path, bytes);
  };
  const files: StateFiles = {
    makeFolder: async () => tick(),
    read: async (path) => live.get(path),
    writeDurably: async (path, bytes) => {
      if (!isCut()) live.set(path, bytes.subarray(0, bytes.length / 2));
      tick();
      live.set(path, bytes);
    },
    rename: async (from, to) => {
      tick();
      live.set(to, live.get(from)!);
      live.delete(from);
    },
    syncFolder: async (path) => {
      tick();
      syncEntries(path);
    },
    list: async (path) =>
      [...live.keys()].filter((file) => dirname(file) === path).map((file) => basename(file)),
    remove: async (path) => {
      tick();
      live.delete(path);
    },
  };
  return {
    files,
    /** True once the power has failed. */
    isCut,
    /** What is there when the power comes back. */
    afterwards: () => (losesUnsynced ? new Map(durable) : live),
  };
}
