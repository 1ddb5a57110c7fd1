import type { Output, Terminal } from "../terminal.ts";

/** One line of the access logs in examples/quickstart: what a hop saw of a connection. */
export interface HopEntry {
  /** `edge` or `inner`. */
  readonly hop: string;
  /** The TCP peer. */
  readonly peer: string;
  /** Whom the hop takes for the client, by the header that it read. */
  readonly client: string;
  /** Where it connected to, and from which address of its own. */
  readonly upstream: string;
  readonly from: string;
}

/** The entry in an access log line; undefined for any other line. */
export function parseHopEntry(line: string): HopEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // A line of somebody's own format.
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (name: string) => {
    const field = fields.get(name);
    return typeof field === "string" ? field : "-";
  };
  if (!fields.has("hop") || !fields.has("client")) return undefined;
  return {
    hop: text("hop"),
    peer: text("peer"),
    client: text("client"),
    upstream: text("upstream"),
    from: text("from"),
  };
}

/** `cannot run: listen EADDRINUSE` for a line of the JSON log; any other line as it is. */
function plainText(line: string): string {
  try {
    const { msg, error } = JSON.parse(line);
    return [msg, error].filter((part) => part !== undefined).join(": ");
  } catch {
    return line; // Said before the log was open.
  }
}

/** Cuts what is written to it into lines. */
export function lineOutput(onLine: (line: string) => void): Output {
  let rest = "";
  return {
    write: (text) => {
      const lines = (rest + (typeof text === "string" ? text : Buffer.from(text).toString("utf8"))).split(
        "\n",
      );
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    },
  };
}

/** Runs a data plane on Envoy's flags, as the command `proxy` does; resolves to its exit code. */
export type RunProxy = (args: readonly string[], terminal: Terminal) => Promise<number>;

export interface HopOptions {
  readonly run: RunProxy;
  readonly args: readonly string[];
  /** The terminal of the demo; the hop shares its environment and folder. */
  readonly terminal: Terminal;
  readonly onEntry: (entry: HopEntry) => void;
}

/** A data plane inside this process. `stop` drains it; `ended` is what it said on stderr, should it end by itself. */
export interface Hop {
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts a data plane whose output is read and whose signals are the demo's to send. */
export function startHop({ run, args, terminal, onEntry }: HopOptions): Hop {
  const said: string[] = [];
  const stops = new Set<() => void>();
  let isStopping = false;
  const ended = run(args, {
    ...terminal,
    stdout: lineOutput((line) => {
      const entry = parseHopEntry(line);
      if (entry) onEntry(entry);
    }),
    stderr: lineOutput((line) => said.push(plainText(line))),
    onSignal: (signal, callback) => {
      if (signal !== "SIGTERM") return () => undefined;
      stops.add(callback);
      // It was told to stop while it was still starting.
      if (isStopping) queueMicrotask(callback);
      return () => stops.delete(callback);
    },
    exit: () => undefined,
  }).then(
    () => said.join("\n"),
    (error: unknown) => String(error),
  );
  return {
    ended,
    stop: async () => {
      isStopping = true;
      for (const stop of stops) stop();
      await ended;
    },
  };
}
