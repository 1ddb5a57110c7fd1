import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineProcess } from "./line-process.ts";

/** A folder of configuration, and `chancery serve` over it: the whole product, as people run it. */
export class ServedFolder implements AsyncDisposable {
  readonly #base = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  #process: LineProcess | undefined;

  /** Writes a file as programs do that must not be read half-way: aside, then renamed. */
  write(path: string, text: string): void {
    const target = join(this.#base, "config", path);
    mkdirSync(dirname(target), { recursive: true });
    const aside = join(this.#base, "aside");
    writeFileSync(aside, text);
    renameSync(aside, target);
  }

  /** Resolves to the port when it serves. */
  async start(flags: readonly string[] = []): Promise<string> {
    const any = "127.0.0.1:0";
    this.#process = new LineProcess(process.execPath, [
      fileURLToPath(new URL("../../src/main.js", import.meta.url)),
      ...["serve", join(this.#base, "config"), "--state-dir", join(this.#base, "state")],
      ...["--xds-address", any, "--admin-address", any, "--log-format", "json"],
      ...flags,
    ]);
    return this.#process.expectMatch(/"address":"127\.0\.0\.1:(\d+)","msg":"xDS is served"/);
  }

  get pid(): number {
    if (!this.#process) throw new Error("the folder is not served");
    return this.#process.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }
}
