import { join, resolve } from "node:path";
import type { Clock } from "../base/clock.ts";
import { watchFolder } from "./folder.ts";
import { problemUnder } from "./problem-under.ts";
import type { Reading } from "./reading.ts";
import type { Source } from "./source.ts";

/** A folder of this machine; `folder` is as the user gave it, and problems show file names that begin with it. */
export function folderSource(folder: string, cwd: string, clock: Clock): Source {
  const root = resolve(cwd, folder);
  return {
    identity: { kind: "folder", place: root },
    watch: (signal) =>
      shownUnder(folder, watchFolder(root, { signal, clock, shownAs: (path) => join(folder, path) })),
  };
}

/** Problems under the names of files that the user knows: `config/edge.yaml` for `edge.yaml` in `./config`. */
async function* shownUnder(
  folder: string,
  readings: AsyncIterable<Reading>,
): AsyncGenerator<Reading, void, void> {
  for await (const reading of readings) {
    yield reading.kind === "tree"
      ? reading
      : { ...reading, problems: reading.problems.map((problem) => problemUnder(folder, problem)) };
  }
}
