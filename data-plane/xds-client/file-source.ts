import type { Clock } from "../../src/base/clock.ts";
import { errorMessage } from "../../src/base/error-message.ts";
import type { Log } from "../../src/base/log.ts";
import type { ResponseSchema } from "./read-response.ts";
import { ActiveSession } from "./active-session.ts";
import { readSotwResponse } from "./read-response.ts";
import type { SourceView } from "./resource-source.ts";
import type { SessionEvent } from "./session-events.ts";
import type { ResourceConsumer } from "./update.ts";

/** A file of resources, whatever it is written in. */
export interface ResourceFile {
  /**
   * Reads it: an encoded `envoy.service.discovery.v3.DiscoveryResponse` of the type.
   *
   * @throws Error that says why it cannot be read
   */
  read(typeUrl: string): Buffer;
  /** Calls back when there may be another file; gives the function that ends that. */
  watch(onReplaced: () => void): () => void;
}

export interface FileSourceOptions {
  readonly typeUrl: string;
  readonly path: string;
  readonly file: ResourceFile;
  readonly schema: ResponseSchema;
  readonly consumers: Pick<ReadonlyMap<string, ResourceConsumer>, "get">;
  readonly clock: Clock;
  readonly log: Log;
  readonly rejectsUnknownFields: boolean;
  /** Called at the end of each turn in which something happened, with the state by then. */
  readonly onChange?: (view: SourceView) => void;
}

/**
 * Resources of one type in a file (XC-54): a server that answers each subscription and each new file with the full state, and never
 * hears what became of it.
 */
export class FileSource {
  readonly #options: FileSourceOptions;
  readonly #session: ActiveSession;
  readonly #stop = new AbortController();
  #isReadingDue = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.#session = new ActiveSession({
      ...options,
      mode: "sotw",
      node: {},
      isNodeOnFirstOnly: true,
      isSubscribingAnAttempt: false,
      // Nobody reads requests: what is asked for is in the file, or it is not.
      send: () => undefined,
      onTurnEnd: () => options.onChange?.(this.view()),
    });
  }

  view(): SourceView {
    const { typeUrl, path } = this.#options;
    return { scope: { typeUrl }, target: path, mode: "sotw", identifier: "", types: this.#session.types() };
  }

  /** Tells the session. Whoever asks for something has the file read. */
  step(event: SessionEvent): void {
    this.#session.step(event);
    if (event.kind !== "unsubscribe") this.#readSoon();
  }

  /** Watches the file until the signal is aborted. Resolves then, never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { path, file, log } = this.#options;
    this.#session.step({ kind: "opened" });
    let unwatch: (() => void) | undefined;
    try {
      unwatch = file.watch(() => this.#readSoon());
    } catch (error) {
      log.error("cannot watch a file of resources", { path, error: errorMessage(error) });
    }
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    unwatch?.();
    this.#stop.abort();
    await this.#reading;
    this.#session.stopTimer();
  }

  /** Several reasons to read in one turn are one; readings follow each other. */
  #readSoon(): void {
    if (this.#isReadingDue) return;
    this.#isReadingDue = true;
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    this.#isReadingDue = false;
    if (this.#stop.signal.aborted) return;
    const { typeUrl, path, file, schema, log, rejectsUnknownFields } = this.#options;
    // Now the session has asked for everything that it wants, without which it listens to no answer.
    this.#session.step({ kind: "turn-ended" });
    try {
      await this.#session.receive(readSotwResponse(schema, file.read(typeUrl), { rejectsUnknownFields }));
    } catch (error) {
      log.warn("cannot read a file of resources; what is configured stays", {
        path,
        type_url: typeUrl,
        error: errorMessage(error),
      });
      this.#options.consumers.get(typeUrl)?.streamFailed?.();
      return this.#session.step({ kind: "wait-over", typeUrl, end: "failed" });
    }
    // A name that is not in the file is waited for no longer: nobody else will bring it.
    this.#session.step({ kind: "wait-over", typeUrl, end: "absent" });
  }
}
