import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { needs, peerPath } from "../../kit/peers.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { dialect, dialectFields, type DialectRow } from "./dialect.ts";

const run = promisify(execFile);

function clusterOf({ kind, text }: DialectRow): string {
  const cluster = `name: c\ntype: STATIC\n${dialectFields[kind].yaml(text)}\n`;
  return cluster.replace(/^(?=.)/gm, "    ").replace("    ", "  - ");
}

/** Whether Envoy's loader takes a bootstrap with these clusters; what it then makes of them is not asked. */
async function isRead(file: string, rows: readonly DialectRow[]): Promise<boolean> {
  writeFileSync(file, `static_resources:\n  clusters:\n${rows.map(clusterOf).join("")}`);
  try {
    await run(peerPath("envoy"), ["--mode", "validate", "-c", file, "-l", "error", "--concurrency", "1"]);
    return true;
  } catch (error) {
    // Any other refusal comes after reading and is about a value, not its form.
    return !/Unable to parse JSON as proto|reason INVALID_ARGUMENT|Unable to convert YAML/.test(
      String(error),
    );
  }
}

const taken = dialect.filter(({ value, strictness }) => value !== undefined || strictness !== undefined);
const refused = dialect.filter((row) => !taken.includes(row));

describe("Envoy's loader", needs("envoy"), () => {
  it("takes every row of the dialect table that we take", async () => {
    using folder = temporaryFolder();
    assert.ok(await isRead(folder.file("all.yaml"), taken));
  });

  it("refuses every row of the dialect table that we refuse", async () => {
    using folder = temporaryFolder();
    const waiting = refused.entries();
    const read: string[] = [];
    const worker = async () => {
      for (const [index, row] of waiting) {
        if (await isRead(folder.file(`${index}.yaml`), [row])) read.push(`${row.kind}: ${row.text}`);
      }
    };
    await Promise.all([worker(), worker()]);
    assert.deepStrictEqual(read, []);
  });
});
