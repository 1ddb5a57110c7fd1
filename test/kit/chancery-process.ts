import { fileURLToPath } from "node:url";
import { Child, type ChildOptions } from "./child.ts";

/** One line of the JSON log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const program = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));

/** Runs `chancery` with these arguments, without the settings of this shell. */
export function chancery(
  args: readonly string[],
  options: ChildOptions = {},
  under: readonly string[] = [],
): Child {
  const [command, ...line] = [...under, process.execPath, "--enable-source-maps", program, ...args];
  return new Child(command!, line, {
    ...options,
    env: { NO_COLOR: "", FORCE_COLOR: "", TERM: "dumb", ...options.env },
  });
}

/** Runs `chancery` to its end. */
export async function runChancery(args: readonly string[]) {
  await using child = chancery(args);
  const code = await child.exit();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** A `chancery serve` on free ports that drains at once, unless flags say otherwise. */
export class ServeProcess implements AsyncDisposable {
  readonly child: Child;

  /** `under`: the command line of a program that runs it, such as a debugger. */
  constructor(
    folder: string,
    stateFolder: string,
    flags: readonly string[] = [],
    under: readonly string[] = [],
  ) {
    const addresses = ["--xds-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
    const args = [
      "serve",
      folder,
      "--state-dir",
      stateFolder,
      ...addresses,
      "--drain-time",
      "10ms",
      ...flags,
    ];
    this.child = chancery(args, {}, under);
  }

  /** All lines of the log so far. */
  get lines(): readonly LogLine[] {
    return this.child.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** The first line with this message that has been or will be written, after the first `skip` of them. */
  async said(message: string, skip = 0): Promise<LogLine> {
    return this.#line(message, (lines) => lines.filter(({ msg }) => msg === message)[skip]);
  }

  /** The first line that passes, from line number `from` on, that has been or will be written. */
  async lineThat(passes: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    return this.#line(String(passes), (lines) => lines.slice(from).find(passes));
  }

  /** Changes the folder, and resolves to the new revision when every connected node has accepted what is new to it. */
  async accepted(change: () => void): Promise<string> {
    const from = this.lines.length;
    change();
    const { revision } = await this.lineThat(({ msg }) => msg === "revision is served", from);
    const isAccepted = (line: LogLine) =>
      line.msg === "all connected nodes have accepted the revision" && line["revision"] === revision;
    await this.lineThat(isAccepted, from);
    return String(revision);
  }

  /** Changes the folder, and resolves to what is logged of the refusal of a node. */
  async refusal(change: () => void): Promise<LogLine> {
    const from = this.lines.length;
    change();
    return this.lineThat(({ msg }) => msg === "node refused a response; it keeps what it had", from);
  }

  async #line(what: string, find: (lines: readonly LogLine[]) => LogLine | undefined): Promise<LogLine> {
    return this.child.outputGives(() => find(this.lines), what);
  }

  async xdsPort(): Promise<number> {
    return portOf(await this.said("xDS is served"));
  }

  async adminAddress(): Promise<string> {
    return String((await this.said("admin API is served"))["address"]);
  }

  /** Asks the admin API. */
  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://${await this.adminAddress()}${path}`);
    return { status: response.status, text: await response.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}

function portOf(line: LogLine): number {
  return Number(String(line["address"]).split(":").at(-1));
}
