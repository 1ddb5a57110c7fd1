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
    watch: (signal) => shownUnder(folder, watchFolder(root, { signal, clock })),
  };
}

/** Files under the name that the user knows them by: `config/edge.yaml` for `edge.yaml` in `./config`. */
async function* shownUnder(
  folder: string,
  readings: AsyncIterable<Reading>,
): AsyncGenerator<Reading, void, void> {
  for await (const reading of readings) {
    if (reading.kind === "failed") {
      yield { ...reading, problems: reading.problems.map((problem) => problemUnder(folder, problem)) };
    } else {
      yield {
        ...reading,
        files: reading.files.map((file) => ({ ...file, shownAs: join(folder, file.path) })),
      };
    }
  }
}
