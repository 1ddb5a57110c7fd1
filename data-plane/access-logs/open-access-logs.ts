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

/**
 * Access logs of one process. A file is opened for appending when it is first named and shared by all who name it; one that
 * cannot be written costs its lines and is logged once.
 */
export class AccessLogs implements AsyncDisposable {
  readonly #streams: StandardStreams;
  readonly #log: Log;
  readonly #files = new Map<string, WriteStream>();

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
      if (file.writable && file.writableLength < maxPendingBytes) file.write(line);
    };
  };

  #file(path: string): WriteStream {
    const known = this.#files.get(path);
    if (known) return known;
    const file = createWriteStream(path, { flags: "a" });
    file.on("error", (error) =>
      this.#log.error("cannot write an access log", { path, error: error.message }),
    );
    this.#files.set(path, file);
    return file;
  }

  /** Writes out what is pending and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#files.values()].map(
      (file) => new Promise<void>((resolve) => file.end(() => resolve())),
    );
    this.#files.clear();
    await Promise.all(closed);
  }
}
