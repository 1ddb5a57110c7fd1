import type { Clock } from "../../src/base/clock.ts";
import type { HealthCheckConfig } from "../resources/health-check.ts";
import { initialPauseMs, pauseMs } from "./check-interval.ts";
import type { CheckOutcome, CheckRecord, Verdict } from "./check-verdict.ts";
import { judge } from "./check-verdict.ts";
import type { Probe, ReportOutcome } from "./probe.ts";
import { timeoutFailure } from "./probe.ts";

export interface CheckedHostOptions {
  readonly config: HealthCheckConfig;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly record: CheckRecord;
  /** The cluster has had a connection for a downstream. */
  readonly hasTraffic: () => boolean;
  readonly openProbe: (report: ReportOutcome) => Probe;
  /** A check has begun. */
  readonly onAttempt: () => void;
  /** A check has come to something. The host may be stopped meanwhile. */
  readonly onVerdict: (verdict: Verdict, outcome: CheckOutcome) => void;
}

/** The checks of one host: a timer from one to the next, and one for what a check may take. */
export class CheckedHost {
  readonly #options: CheckedHostOptions;
  readonly #probe: Probe;
  #record: CheckRecord;
  #isStopped = false;
  #cancelPause: (() => void) | undefined;
  #cancelTimeout: (() => void) | undefined;

  constructor(options: CheckedHostOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#probe = options.openProbe((outcome) => this.#onOutcome(outcome));
  }

  get record(): CheckRecord {
    return this.#record;
  }

  /** Begins with the first check, after the initial jitter if there is one. */
  start(): void {
    const { config, random } = this.#options;
    if (config.initialJitterMs === 0) this.#check();
    else this.#pause(initialPauseMs(config, config.initialJitterMs, random));
  }

  /** No check from now on; one that is under way comes to nothing. */
  stop(): void {
    this.#isStopped = true;
    this.#clearTimers();
    this.#probe.close();
  }

  /** A response to somebody's request asked for the host to be left out; the checks go on as they were due. */
  failPassively(): void {
    this.#judge({ kind: "failed", failure: "PASSIVE", isRetriable: false, isImmediate: true, status: 0 });
  }

  #check(): void {
    const { config, clock, onAttempt } = this.#options;
    this.#cancelPause = undefined;
    this.#cancelTimeout = clock.after(config.timeoutMs, () => {
      this.#cancelTimeout = undefined;
      this.#probe.giveUp();
      this.#onOutcome(timeoutFailure);
    });
    onAttempt();
    this.#probe.begin();
  }

  #onOutcome(outcome: CheckOutcome): void {
    if (this.#isStopped) return;
    this.#clearTimers();
    const { transition } = this.#judge(outcome);
    // The verdict may be what removes the host.
    if (this.#isStopped) return;
    const { config, random, hasTraffic } = this.#options;
    const situation = { hasPassed: outcome.kind === "passed", transition, hasTraffic: hasTraffic() };
    this.#pause(pauseMs(config, situation, random));
  }

  #judge(outcome: CheckOutcome): Verdict {
    const verdict = judge(this.#record, outcome, this.#options.config);
    this.#record = verdict.record;
    this.#options.onVerdict(verdict, outcome);
    return verdict;
  }

  #pause(delayMs: number): void {
    this.#cancelPause = this.#options.clock.after(delayMs, () => this.#check());
  }

  #clearTimers(): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
  }
}
