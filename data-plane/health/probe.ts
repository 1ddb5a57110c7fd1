import type { CheckOutcome } from "./check-verdict.ts";

/** Checks one host, one check after the other, and owns the connection that they go over. */
export interface Probe {
  /** Starts a check, which ends with an outcome unless `giveUp` comes before. */
  begin(): void;
  /** The check got no answer in time. No outcome follows. */
  giveUp(): void;
  /** Ends whatever is under way. No outcome follows, now or later. */
  close(): void;
}

export type ReportOutcome = (outcome: CheckOutcome) => void;

/** The connection could not be made or broke off. */
export const networkFailure: CheckOutcome = {
  kind: "failed",
  failure: "NETWORK",
  isRetriable: false,
  isImmediate: false,
  status: 0,
};

/** No answer came in time. */
export const timeoutFailure: CheckOutcome = { ...networkFailure, failure: "NETWORK_TIMEOUT" };
export const passed: CheckOutcome = { kind: "passed", isDegraded: false };
