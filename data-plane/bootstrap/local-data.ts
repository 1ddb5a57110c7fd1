import { existsSync, readFileSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import type { LocalData } from "../resources/data-source.ts";

/** What the configuration may name outside itself, on this machine. Relative paths start at `cwd`. */
export function systemLocalData(cwd: string, env: Readonly<Record<string, string | undefined>>): LocalData {
  const exists = (path: string) => existsSync(resolve(cwd, path));
  return {
    readFile: (path) => readFileSync(resolve(cwd, path)),
    environment: (name) => env[name],
    exists,
    watch: (directory, onRename) => {
      const watcher = watch(resolve(cwd, directory), { persistent: false }, (event, name) => {
        // `change` is a file that is written to. What was taken away is told as `rename` too.
        if (event === "rename" && name !== null && exists(join(directory, name))) onRename(name);
      });
      // The directory itself is gone: nothing is renamed in it any more.
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    },
  };
}
