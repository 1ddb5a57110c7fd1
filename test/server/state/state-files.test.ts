import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { describe, it } from "node:test";
import { diskFiles } from "../../../src/server/state/state-files.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";

describe("diskFiles.makeFolder()", () => {
  it("makes what is missing above, takes what is there, and keeps both from other users", async () => {
    using folder = temporaryFolder();
    const path = folder.file("a/b/c");
    await diskFiles.makeFolder(path);
    await diskFiles.makeFolder(path);
    assert.equal((await stat(folder.file("a"))).mode & 0o777, 0o700);
  });

  // `mkdir` with `recursive: true` turned in circles there, at 100 % of a core, and kept SIGTERM waiting.
  it(
    "rejects where the file system refuses folders as if their parent were missing",
    { skip: process.platform === "linux" ? false : "needs /proc, which Linux has" },
    async () => {
      await assert.rejects(diskFiles.makeFolder("/proc/no-such-folder/contents"), { code: "ENOENT" });
    },
  );
});
