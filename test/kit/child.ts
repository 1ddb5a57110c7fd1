import { spawn, type ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { within } from "./within.ts";

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A program that a test has started; it is stopped, by its process id, when the scope ends. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #exited: Promise<number>;
  /** Says `output` at each piece of output, and at the end. */
  readonly #heard = new EventEmitter();
  #hasEnded = false;
  #stdout = "";
  #stderr = "";

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#name = command;
    this.#process = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#heard.emit("output");
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#heard.emit("output");
    });
    this.#exited = this.#watchExit();
    this.#exited.catch(() => undefined); // Who awaits the exit gets the error; nobody has to.
  }

  async #watchExit(): Promise<number> {
    const [code, signal] = await once(this.#process, "close").finally(() => {
      this.#hasEnded = true;
      this.#heard.emit("output");
    });
    return typeof code === "number" ? code : signalNumber(signal);
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error(`${this.#name} has not started`);
    return this.#process.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** True until it has ended. */
  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The exit code (128 and the signal's number when a signal ended it). Output is complete then. */
  async exit(ms = 20_000): Promise<number> {
    return within(ms, () => `${this.#name} ends\n${this.output()}`, this.#exited);
  }

  /** Resolves when the output of either stream holds a match; throws when the program ends without one. */
  async outputHas(pattern: RegExp, ms = 20_000): Promise<void> {
    const seen = () => pattern.test(this.#stdout) || pattern.test(this.#stderr) || undefined;
    await this.outputGives(seen, String(pattern), ms);
  }

  /**
   * What `find` makes of the output, asked now and after each piece of it until it gives something; throws when the program ends
   * before. `what` says in errors what was looked for.
   */
  async outputGives<T>(find: () => T | undefined, what: string, ms = 20_000): Promise<T> {
    const given = new AbortController();
    const look = async (): Promise<T> => {
      for (;;) {
        const found = find();
        if (found !== undefined) return found;
        if (this.#hasEnded) throw new Error(`${this.#name} ended before ${what}\n${this.output()}`);
        await once(this.#heard, "output", { signal: given.signal });
      }
    };
    try {
      return await within(ms, () => `${this.#name} prints ${what}\n${this.output()}`, look());
    } finally {
      given.abort();
    }
  }

  /** The end of what it printed, for error messages. */
  output(): string {
    return `${this.#stdout}${this.#stderr}`.slice(-4000);
  }

  kill(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#process.kill(signal);
  }

  /** Asks it to end, and kills it when it has not after five seconds. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.isRunning) return;
    this.kill(signal);
    try {
      await within(5000, `${this.#name} ends`, this.#exited);
    } catch {
      // It would not go; or it never started, and then there is nothing to wait for.
      this.kill("SIGKILL");
      if (this.#process.pid !== undefined) await this.#exited;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function signalNumber(signal: unknown): number {
  const numbers: Readonly<Record<string, number>> = {
    SIGHUP: 1,
    SIGINT: 2,
    SIGABRT: 6,
    SIGKILL: 9,
    SIGSEGV: 11,
    SIGTERM: 15,
  };
  return 128 + (numbers[String(signal)] ?? 0);
}
