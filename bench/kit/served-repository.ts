import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { LineProcess } from "./line-process.ts";

const secret = "the secret of the benchmark's webhook";

/** A repository that is pushed to, and `chancery serve` that follows it: the whole product, as people run it. */
export class ServedRepository implements AsyncDisposable {
  readonly #base = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  readonly #tree = join(this.#base, "tree");
  #process: LineProcess | undefined;
  #admin = "";

  constructor(files: Readonly<Record<string, string>>) {
    mkdirSync(this.#tree);
    this.#git("init", "--quiet", "--initial-branch=main");
    this.#git("init", "--quiet", "--bare", "--initial-branch=main", join(this.#base, "remote"));
    this.commit(files);
    this.push();
  }

  /** Resolves to the port when it serves; the remote is asked every `poll`. */
  async start(poll: string): Promise<string> {
    const any = "127.0.0.1:0";
    const secretFile = join(this.#base, "secret");
    writeFileSync(secretFile, secret);
    this.#process = new LineProcess(process.execPath, [
      fileURLToPath(new URL("../../src/main.js", import.meta.url)),
      ...["serve", pathToFileURL(join(this.#base, "remote")).href, "--state-dir", join(this.#base, "state")],
      ...["--git-poll", poll, "--webhook-secret-file", secretFile],
      ...["--xds-address", any, "--admin-address", any, "--log-format", "json"],
    ]);
    this.#admin = await this.#process.expectMatch(/"address":"([^"]+)","msg":"admin API is served"/);
    return this.#process.expectMatch(/"address":"127\.0\.0\.1:(\d+)","msg":"xDS is served"/);
  }

  commit(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#tree, name), text);
    this.#git("add", "--all");
    this.#git("commit", "--quiet", "--message", "Change the fleet");
  }

  /** The remote has the commit when this returns. */
  push(): void {
    this.#git("push", "--quiet", join(this.#base, "remote"), "main");
  }

  /** As the host of the repository does after a push. */
  async deliver(): Promise<void> {
    const body = JSON.stringify({ ref: "refs/heads/main", deliveredAtMs: performance.now() });
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const response = await fetch(`http://${this.#admin}/api/v1/webhook`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
      body,
    });
    if (response.status !== 202) throw new Error(`the webhook answers ${response.status}`);
  }

  /** Wall clock, in milliseconds, of the next line of the log with this message; other lines are passed over. */
  async said(message: string): Promise<number> {
    const line = new RegExp(`"ts":"([^"]+)".*"msg":"${message}"`);
    return Date.parse((await this.#process?.expectMatch(line)) ?? "");
  }

  #git(...args: readonly string[]): void {
    const person = [
      "-c",
      "user.name=Bench",
      "-c",
      "user.email=bench@example.com",
      "-c",
      "commit.gpgsign=false",
    ];
    execFileSync("git", [...person, ...args], { cwd: this.#tree });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    rmSync(this.#base, { recursive: true, force: true });
  }
}
