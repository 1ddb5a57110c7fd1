import { createWriteStream, type WriteStream } from "node:fs";
import type { Log } from "../../src/base/log.ts";
import type { AccessLogDestination, OpenAccessLog } from "../resources/extension.ts";

/** What may wait for a slow disk before lines are dropped. */
const maxPendingBytes = 16 * 1024 * 1024;

/** Where lines for standard output and standard error go. */
export interface StandardStreams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** A file by its path, and what is open of it now. */
interface LogFile {
  readonly path: string;
  stream: WriteStream;
  /** Lines that were dropped since it was last told. */
  dropped: number;
}

/**
 * Access logs of one process. A file is opened for appending when it is first named and shared by all who name it; one that
 * cannot be written costs its lines and is logged once. Each line is written whole. A disk that is too slow costs lines beyond 16 MiB,
 * which is logged when it has caught up.
 */
export class AccessLogs implements AsyncDisposable {
  readonly #streams: StandardStreams;
  readonly #log: Log;
  readonly #files = new Map<string, LogFile>();
  /** Files that were left for new ones and are being written out. */
  readonly #closing = new Set<Promise<void>>();

  constructor(streams: StandardStreams, log: Log) {
    this.#streams = streams;
    this.#log = log;
  }

  readonly open: OpenAccessLog = (destination: AccessLogDestination) => {
    if (destination.kind !== "file") {
      const stream = this.#streams[destination.kind];
      return (line) => void stream.write(line);
    }
    const file = this.#file(destination.path);
    return (line) => {
      const { stream } = file;
      if (stream.writable && stream.writableLength < maxPendingBytes) stream.write(line);
      else file.dropped += 1;
    };
  };

  /** Opens every file anew by its path, for whoever moved them away (SIGUSR1, `/reopen_logs`). What is pending goes where it was meant to. */
  readonly reopen = (): void => {
    for (const file of this.#files.values()) {
      const closed = end(file.stream);
      this.#closing.add(closed);
      void closed.then(() => this.#closing.delete(closed));
      file.stream = this.#openStream(file.path);
    }
  };

  #file(path: string): LogFile {
    const known = this.#files.get(path);
    if (known) return known;
    const file: LogFile = { path, stream: this.#openStream(path), dropped: 0 };
    this.#files.set(path, file);
    return file;
  }

  #openStream(path: string): WriteStream {
    const stream = createWriteStream(path, { flags: "a" });
    stream.on("error", (error) =>
      this.#log.error("cannot write an access log", { path, error: error.message }),
    );
    stream.on("drain", () => this.#tellDropped(path));
    return stream;
  }

  #tellDropped(path: string): void {
    const file = this.#files.get(path);
    if (!file || file.dropped === 0) return;
    this.#log.warn("lines of an access log were dropped", { path, lines: file.dropped });
    file.dropped = 0;
  }

  /** Writes out what is pending and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#files.values()].map(async ({ stream }) => end(stream));
    this.#files.clear();
    await Promise.all([...closed, ...this.#closing]);
  }
}

async function end(stream: WriteStream): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.end();
  });
}
