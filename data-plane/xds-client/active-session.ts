import type { Clock } from "../../src/base/clock.ts";
import { errorMessage } from "../../src/base/error-message.ts";
import type { Log } from "../../src/base/log.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Instant, Response, SessionAction, SessionEvent } from "./session-events.ts";
import type { SessionOptions, TypeView } from "./session.ts";
import { Session } from "./session.ts";
import type { ResourceConsumer, Update, Verdict } from "./update.ts";

export interface ActiveSessionOptions extends SessionOptions {
  /** Who runs the resources of a type. A type without one cannot be subscribed to. */
  readonly consumers: Pick<ReadonlyMap<string, ResourceConsumer>, "get">;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes a request to wherever answers come from. */
  readonly send: (request: Message) => void;
  /** Called at the end of each turn in which something happened. */
  readonly onTurnEnd: () => void;
}

/** A session with its consumers and its clock: it does what the session says, one update at a time. */
export class ActiveSession {
  readonly #options: ActiveSessionOptions;
  readonly #session: Session;
  #isTurnOpen = false;
  #cancelTimer: (() => void) | undefined;
  /** Consumers see one update at a time, in order. */
  #applied: Promise<unknown> = Promise.resolve();

  constructor(options: ActiveSessionOptions) {
    this.#options = options;
    this.#session = new Session(options);
  }

  types(): readonly TypeView[] {
    return this.#session.types();
  }

  /** Tells the session. What changes on the wire goes out when the turn of the event loop ends (XC-24). */
  step(event: SessionEvent): void {
    this.#perform(this.#session.step(event, this.#now()));
    this.endTurnSoon();
  }

  /** Takes a response. Resolves when its resources are applied or refused, and the next one may come. */
  async receive(response: Response): Promise<void> {
    const actions = this.#session.step({ kind: "received", response }, this.#now());
    if (response.content.kind === "malformed") {
      const { typeUrl, version, nonce } = response;
      const fields = { type_url: typeUrl, version, nonce, error: response.content.reason };
      this.#options.log.warn("refused a response", fields);
    }
    this.#perform(actions.filter((action) => action.kind !== "apply"));
    for (const action of actions) if (action.kind === "apply") await this.#apply(action.update);
    this.endTurnSoon();
  }

  endTurnSoon(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    setImmediate(() => {
      this.#isTurnOpen = false;
      this.#perform(this.#session.step({ kind: "turn-ended" }, this.#now()));
      this.#armTimer();
      this.#options.onTurnEnd();
    });
  }

  /** Waits for no deadline any more. */
  stopTimer(): void {
    this.#cancelTimer?.();
  }

  async #apply(update: Update): Promise<void> {
    const { refused, warmed } = await this.#hand(update);
    for (const { name, reason } of refused) {
      const { typeUrl, version } = update;
      this.#options.log.warn("refused a resource", { type_url: typeUrl, name, version, error: reason });
    }
    this.step({ kind: "applied", refused, isWarming: warmed !== undefined });
    if (warmed) void warmed.then(() => this.step({ kind: "warmed", typeUrl: update.typeUrl }));
  }

  /** Gives the update to its consumer after those before it. A consumer that throws has refused everything. */
  #hand(update: Update): Promise<Verdict> {
    const consumer = this.#consumer(update.typeUrl);
    const verdict = this.#applied.then(() => consumer.apply(update));
    const safe = verdict.catch((error: unknown): Verdict => {
      const reason = `internal error: ${errorMessage(error)}`;
      return { refused: [...update.resources.keys()].map((name) => ({ name, reason })) };
    });
    this.#applied = safe;
    return safe;
  }

  #consumer(typeUrl: string): ResourceConsumer {
    const consumer = this.#options.consumers.get(typeUrl);
    if (!consumer) throw new Error(`nobody runs resources of ${typeUrl}`);
    return consumer;
  }

  #perform(actions: readonly SessionAction[]): void {
    for (const action of actions) this.#performOne(action);
  }

  #performOne(action: SessionAction): void {
    switch (action.kind) {
      case "send":
        return this.#options.send(action.request);
      case "apply":
        // Only `received` gives it, and `receive` awaits it.
        return;
      case "expire":
        void this.#hand(action.update);
        return;
      case "end-fetch":
        return this.#consumer(action.typeUrl).fetchEnded(action.names, action.end);
      default:
        return unreachable(action);
    }
  }

  #armTimer(): void {
    this.#cancelTimer?.();
    const deadlineMs = this.#session.deadlineMs();
    if (deadlineMs === undefined) return;
    const delayMs = Math.max(0, deadlineMs - this.#options.clock.monotonic());
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.step({ kind: "time-passed" }));
  }

  #now(): Instant {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonic(), wallMs: clock.now() };
  }
}
