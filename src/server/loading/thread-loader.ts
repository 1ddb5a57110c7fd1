import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ConfigFile } from "../../config/config-file.ts";
import { envoyReferences } from "../../config/envoy-references.ts";
import type { Schema } from "../../schema/schema.ts";
import type { Loaded } from "../reconcile/attempt.ts";
import type { Loader } from "./loader.ts";
import type { FromLoader, LoaderSetup, ToLoader } from "./messages.ts";
import { Unpacker } from "./parcels.ts";

/** So much text goes over at once that cloning it is short work. */
const mostCharacters = 1024 * 1024;

/** A loader that may get ready before there is anything to load. */
export interface ThreadLoader extends Loader {
  /** Starts the thread ahead of the first load. It ends when the signal aborts, or that of a load. */
  begin(signal: AbortSignal): void;
}

/**
 * Loads in a thread of its own, so that parsing and checking thousands of resources keeps no stream, ping or health check
 * waiting (XDS-126). What comes back comes in parcels, each in a turn of its own. The thread is started by the first load
 * unless it has begun; if it dies, that load rejects and the next one starts another.
 *
 * @param schema for what resources name that another thread has not loaded, such as those of before a restart
 */
export function threadLoader(schema: Schema, setup: LoaderSetup): ThreadLoader {
  const references = envoyReferences(schema);
  let thread: LoaderThread | undefined;
  const running = (signal: AbortSignal) => {
    if (!thread || thread.isOver) thread = new LoaderThread(setup);
    thread.endWith(signal);
    return thread;
  };
  return {
    begin: (signal) => void running(signal),
    load: async (files, signal) => {
      signal.throwIfAborted();
      return running(signal).load(files);
    },
    referencesOf: (resource) => thread?.unpacker.referencesOf(resource) ?? references(resource),
  };
}

interface Asked {
  resolve(answer: FromLoader): void;
  reject(error: Error): void;
}

/** The thread as the server sees it: one question at a time, one answer to each. */
class LoaderThread {
  readonly unpacker = new Unpacker();
  readonly #worker: Worker;
  /** The files as they were sent. */
  #sent: ReadonlyMap<string, ConfigFile> = new Map();
  #asked: Asked | undefined;
  readonly #signals = new Set<AbortSignal>();
  readonly #stop = () => void this.#worker.terminate();
  #isOver = false;

  constructor(setup: LoaderSetup) {
    const program = fileURLToPath(new URL("loader-thread.js", import.meta.url));
    this.#worker = new Worker(program, { workerData: setup });
    this.#worker.on("message", (answer: FromLoader) => {
      const asked = this.#asked;
      this.#asked = undefined;
      asked?.resolve(answer);
    });
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", (code) => {
      for (const signal of this.#signals) signal.removeEventListener("abort", this.#stop);
      this.#end(new Error(`the thread that loads ended with code ${code}`));
    });
  }

  /** Ends the thread when the signal aborts. */
  endWith(signal: AbortSignal): void {
    if (this.#signals.has(signal)) return;
    this.#signals.add(signal);
    signal.addEventListener("abort", this.#stop, { once: true });
  }

  /** True when it has died: it answers nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async load(files: readonly ConfigFile[]): Promise<Loaded> {
    await this.#send(files);
    let answer = await this.#ask({ kind: "load", paths: files.map(({ path }) => path) });
    while (answer.kind === "parcel") {
      this.unpacker.take(answer.parcel);
      answer = await this.#ask({ kind: "next" });
    }
    if (answer.kind === "loaded") return this.unpacker.unpack(answer.outline);
    throw new Error(answer.kind === "failed" ? answer.message : "the thread that loads lost its place");
  }

  async #send(files: readonly ConfigFile[]): Promise<void> {
    const news = files.filter((file) => !isSame(this.#sent.get(file.path), file));
    this.#sent = new Map(files.map((file) => [file.path, file]));
    let from = 0;
    while (from < news.length) {
      let characters = 0;
      let to = from;
      while (to < news.length && characters < mostCharacters) characters += news[to++]!.text.length;
      await this.#ask({ kind: "files", files: news.slice(from, to) });
      from = to;
    }
  }

  #ask(question: ToLoader): Promise<FromLoader> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(new Error("the thread that loads has ended"));
      this.#asked = { resolve, reject };
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      this.#worker.postMessage(question);
    });
  }

  #end(error: unknown): void {
    this.#isOver = true;
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

function isSame(before: ConfigFile | undefined, now: ConfigFile): boolean {
  return before === now || (before?.text === now.text && before.shownAs === now.shownAs);
}
