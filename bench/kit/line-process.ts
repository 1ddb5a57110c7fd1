import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * A child process that is spoken to in lines: what the benchmark's servers and load makers have in common.
 * Standard error goes to ours. Disposing ends the process and waits for it.
 */
export class LineProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Read as they come, whether anybody expects them or not: a process that nobody reads stops when its pipe is full. */
  readonly #lines: string[] = [];
  #isOver = false;
  #wake = () => {};
  readonly name: string;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.name = [command, ...args].join(" ");
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
    // That it is gone, and how it went, the next line that is expected tells.
    this.#child.stdin!.on("error", () => {});
    const lines = createInterface({ input: this.#child.stdout! });
    lines.on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    lines.on("close", () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name}: did not start`);
    return this.#child.pid;
  }

  send(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** The words after `word` on the next line that begins with it; other lines are passed over. */
  expect(word: string): Promise<string[]> {
    return this.#find(`"${word}"`, (line) => {
      const [first, ...rest] = line.split(" ");
      return first === word ? rest : undefined;
    });
  }

  /** The first group of the pattern, on the next line that it matches; other lines are passed over. */
  expectMatch(pattern: RegExp): Promise<string> {
    return this.#find(String(pattern), (line) => pattern.exec(line)?.[1]);
  }

  async #find<Found>(what: string, pick: (line: string) => Found | undefined): Promise<Found> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) {
        const found = pick(line);
        if (found !== undefined) return found;
      } else if (this.#isOver) {
        throw new Error(`${this.name}: ended with ${await this.#end()} before it said ${what}`);
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
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
