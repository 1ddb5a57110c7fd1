import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * A child process that is spoken to in lines: what the benchmark's servers and load makers have in common.
 * Standard error goes to ours. Disposing ends the process and waits for it.
 */
export class LineProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly name: string;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
    // That it is gone, and how it went, the next line that is expected tells.
    this.#child.stdin!.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name}: did not start`);
    return this.#child.pid;
  }

  send(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** The words after `word` on the next line that begins with it; other lines are passed over. */
  async expect(word: string): Promise<string[]> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name}: ended with ${await this.#end()} before it said "${word}"`);
      const [first, ...rest] = value.split(" ");
      if (first === word) return rest;
    }
  }

  /** The first group of the pattern, on the next line that it matches; other lines are passed over. */
  async expectMatch(pattern: RegExp): Promise<string> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name}: ended with ${await this.#end()} before it said ${pattern}`);
      const found = pattern.exec(value)?.[1];
      if (found !== undefined) return found;
    }
  }

  /** Its exit code or the signal that ended it. */
  async #end(): Promise<string> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) await once(this.#child, "exit");
    return String(this.#child.exitCode ?? this.#child.signalCode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
