import type { Clock } from "../../src/base/clock.ts";
import { Deadline } from "../network/deadline.ts";

/** `envoy.config.core.v3.KeepaliveSettings`; 0 switches a part off. */
export interface KeepaliveConfig {
  /** Between two pings. */
  readonly intervalMs: number;
  /** For the answer. */
  readonly timeoutMs: number;
  /** By how much of itself an interval is longer at random: 0.15 is 15 %. */
  readonly jitter: number;
  /** A connection that was idle so long is asked before it is used again. */
  readonly idleIntervalMs: number;
}

export interface KeepaliveOptions {
  readonly config: KeepaliveConfig;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  ping(payload: Buffer): void;
  onTimeout(): void;
}

/** Asks the peer of a connection whether it is there still: `connection_keepalive`. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #interval: Deadline;
  readonly #timeout: Deadline;
  #isWaiting = false;
  #lastHeardMs: number;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#interval = new Deadline(options.clock, () => this.#onInterval());
    this.#timeout = new Deadline(options.clock, () => options.onTimeout());
    this.#lastHeardMs = options.clock.monotonic();
  }

  start(): void {
    const { intervalMs, jitter } = this.#options.config;
    if (intervalMs > 0) this.#interval.set(intervalMs * (1 + jitter * this.#options.random()));
  }

  /** Something has come. The answer to a ping may be late behind other frames, which tell as much (as Envoy has it). */
  onFrame(isPingAck: boolean): void {
    this.#lastHeardMs = this.#options.clock.monotonic();
    if (!this.#isWaiting) return;
    if (!isPingAck) return this.#timeout.set(this.#options.config.timeoutMs);
    this.#isWaiting = false;
    this.#timeout.clear();
    this.start();
  }

  /** The connection is used again. */
  beforeStream(): void {
    const { clock, config } = this.#options;
    if (config.idleIntervalMs === 0 || this.#isWaiting) return;
    if (clock.monotonic() - this.#lastHeardMs > config.idleIntervalMs) this.#ping();
  }

  dispose(): void {
    this.#interval.dispose();
    this.#timeout.dispose();
  }

  #onInterval(): void {
    const { clock, config } = this.#options;
    // Who has said something within the interval need not be asked.
    const left = this.#lastHeardMs + config.intervalMs - clock.monotonic();
    if (left > 0) this.#interval.set(left);
    else this.#ping();
  }

  #ping(): void {
    const payload = Buffer.alloc(8);
    payload.writeDoubleBE(this.#options.clock.monotonic());
    this.#isWaiting = true;
    this.#timeout.set(this.#options.config.timeoutMs);
    this.#options.ping(payload);
  }
}
