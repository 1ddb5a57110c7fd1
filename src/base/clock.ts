/** The time and the timers that a component may use. Passed in, so that tests own time. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch: for what people read. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin: for durations and deadlines. */
  monotonic(): number;
  /** Calls back once after `delayMs`; the returned function cancels. The timer does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
