import type { LocalReply } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import type { StreamReset } from "../../network/http-stream.ts";
import type { ConnectFailure } from "../../network/upstream.ts";

/** Why an attempt came to nothing. */
export type AttemptFailure = ConnectFailure | StreamReset;

/** What is said of a failure. */
interface Told {
  /** In Envoy's words. */
  readonly text: string;
  /** The response flag of the access log. */
  readonly flag: string;
}

const told: Readonly<Record<Exclude<AttemptFailure, "no-host">, Told>> = {
  overflow: { text: "overflow", flag: "UO" },
  "connect-timeout": { text: "connection timeout", flag: "UF" },
  "connect-fail": { text: "remote connection failure", flag: "UF" },
  "connection-termination": { text: "connection termination", flag: "UC" },
  "protocol-error": { text: "protocol error", flag: "UPE" },
  refused: { text: "remote refused stream reset", flag: "UR" },
  "remote-reset": { text: "remote reset", flag: "UR" },
  "connect-error": { text: "remote error with CONNECT request", flag: "UR" },
};

/** What is known of a failure beside its kind. */
export interface FailureCircumstances {
  /** It was not the first try. */
  readonly isRetry: boolean;
  /** The answer has begun. */
  readonly isLate: boolean;
  /** What the transport socket said; undefined when nothing. */
  readonly reason: string | undefined;
}

/** What a client is answered when its request came to nothing, in Envoy's words. */
export function failureReply(failure: AttemptFailure, circumstances: FailureCircumstances): LocalReply {
  if (failure === "no-host") return localReply(503, "no_healthy_upstream", "no healthy upstream");
  const { text } = told[failure];
  const { isRetry, isLate, reason } = circumstances;
  const body =
    `upstream connect error or disconnect/reset before headers. ${isRetry ? "retried and the latest " : ""}` +
    `reset reason: ${text}`;
  const details = `upstream_reset_${isLate ? "after" : "before"}_response_started{${text}${reason === undefined ? "" : `|${reason}`}}`;
  return localReply(failure === "protocol-error" ? 502 : 503, details.replaceAll(/\s/g, "_"), body);
}

export function failureFlag(failure: AttemptFailure): string {
  return failure === "no-host" ? "UH" : told[failure].flag;
}
