import type { Clock } from "../../src/base/clock.ts";
import { errorMessage } from "../../src/base/error-message.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import { ActiveSession } from "./active-session.ts";
import type { BackoffPolicy } from "./backoff.ts";
import { backoffMs } from "./backoff.ts";
import { readDeltaResponse, readSotwResponse } from "./read-response.ts";
import type { SessionEvent } from "./session-events.ts";
import type { SessionMode, TypeView } from "./session.ts";
import type { StreamTransport, XdsStream } from "./stream-transport.ts";
import { StreamError } from "./stream-transport.ts";
import type { ResourceConsumer } from "./update.ts";

export interface ResourceSourceOptions {
  readonly scope: SourceView["scope"];
  readonly mode: SessionMode;
  readonly node: Message;
  readonly isNodeOnFirstOnly: boolean;
  readonly transport: StreamTransport;
  readonly backoff: BackoffPolicy;
  readonly schema: Pick<Schema, "encode" | "decode" | "checkRules">;
  /** Who runs the resources of a type. A type without one cannot be subscribed to. */
  readonly consumers: Pick<ReadonlyMap<string, ResourceConsumer>, "get">;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** `--reject-unknown-dynamic-fields`. Default: fields that the schema does not know are ignored, as by Envoy. */
  readonly rejectsUnknownFields?: boolean;
  /** Called at the end of each turn in which something happened, with the state by then. */
  readonly onChange?: (view: SourceView) => void;
}

/** What stats and admin show of a source (XC-56, XC-57). */
export interface SourceView {
  /** One stream for all types, or the type that has it for itself. */
  readonly scope: "ads" | { readonly typeUrl: string };
  readonly target: string;
  readonly mode: SessionMode;
  /** `control_plane.connected_state`; absent for a file, which nobody is connected to. */
  readonly isConnected?: boolean;
  /** `control_plane.identifier` of the last response; empty before the first. */
  readonly identifier: string;
  readonly types: readonly TypeView[];
}

interface StreamEnd {
  /** gRPC status. */
  readonly code: number;
  readonly error: string;
}

/** Lines about the same lost stream are told at most this often (XC-18). */
const logIntervalMs = 5_000;

/**
 * A session and the streams that it lives on: connects, reads, steps, performs, reconnects (XC-17). Whatever
 * happens to the control plane, what was applied stays (XC-50).
 */
export class ResourceSource {
  readonly #options: ResourceSourceOptions;
  readonly #session: ActiveSession;
  #stream: XdsStream | undefined;
  #isConnected = false;
  #identifier = "";
  #loggedAtMs = -Infinity;

  constructor(options: ResourceSourceOptions) {
    this.#options = options;
    this.#session = new ActiveSession({
      ...options,
      send: (request) => this.#stream?.send(this.#encode(request)),
      onTurnEnd: () => options.onChange?.(this.view()),
    });
  }

  view(): SourceView {
    return {
      scope: this.#options.scope,
      target: this.#options.transport.target,
      mode: this.#options.mode,
      isConnected: this.#isConnected,
      identifier: this.#identifier,
      types: this.#session.types(),
    };
  }

  /** Tells the session. */
  step(event: SessionEvent): void {
    this.#session.step(event);
  }

  /** Keeps a stream open until the signal is aborted. Resolves then, never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const { hasAnswered, end } = await this.#runStream(signal);
      if (signal.aborted) break;
      failures = hasAnswered ? 1 : failures + 1;
      const delayMs = backoffMs(this.#options.backoff, failures, this.#options.random());
      this.#logLoss(end, delayMs);
      await this.#delay(delayMs, signal);
    }
    this.#session.stopTimer();
  }

  async #runStream(signal: AbortSignal): Promise<{ hasAnswered: boolean; end: StreamEnd }> {
    const stream = this.#options.transport.open();
    const abort = () => stream.cancel();
    signal.addEventListener("abort", abort, { once: true });
    this.#stream = stream;
    void this.#watchConnection(stream);
    this.step({ kind: "opened" });
    let hasAnswered = false;
    let end: StreamEnd = { code: 0, error: "ended by the server" };
    try {
      for await (const bytes of stream.messages) {
        hasAnswered = true;
        await this.#receive(bytes);
        await stream.drained();
      }
    } catch (error) {
      // Also what the server sent that is no response at all: the stream is of no more use.
      end = { code: error instanceof StreamError ? error.code : 13, error: errorMessage(error) };
      stream.cancel();
    }
    signal.removeEventListener("abort", abort);
    this.#stream = undefined;
    this.#isConnected = false;
    this.step({ kind: "closed" });
    for (const { typeUrl } of this.#session.types()) this.#options.consumers.get(typeUrl)?.streamFailed?.();
    return { hasAnswered, end };
  }

  async #watchConnection(stream: XdsStream): Promise<void> {
    await stream.connected;
    if (this.#stream !== stream) return;
    this.#isConnected = true;
    this.#session.endTurnSoon();
  }

  async #receive(bytes: Buffer): Promise<void> {
    const { schema, mode, rejectsUnknownFields = false } = this.#options;
    const read = mode === "sotw" ? readSotwResponse : readDeltaResponse;
    const response = read(schema, bytes, { rejectsUnknownFields });
    if (response.identifier !== undefined) this.#identifier = response.identifier;
    await this.#session.receive(response);
  }

  #encode(request: Message): Buffer {
    const prefix = this.#options.mode === "sotw" ? "" : "Delta";
    return this.#options.schema.encode(`envoy.service.discovery.v3.${prefix}DiscoveryRequest`, request);
  }

  #logLoss(end: StreamEnd, delayMs: number): void {
    const { transport, clock, log } = this.#options;
    const isDue = clock.monotonic() - this.#loggedAtMs >= logIntervalMs;
    if (isDue) this.#loggedAtMs = clock.monotonic();
    const fields = { target: transport.target, method: transport.method, ...end, retry_in_ms: delayMs };
    log[isDue ? "warn" : "debug"]("lost the stream to the control plane; what is configured stays", fields);
  }

  #delay(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#options.clock.after(delayMs, end);
      signal.addEventListener("abort", end, { once: true });
    });
  }
}
