/** What the server remembers of the responses of one type that it sent on a stream. */
export interface Exchange {
  /** Nonce of the last response; absent before the first. */
  readonly lastNonce?: string;
  /** Responses that were neither accepted nor refused, oldest first. SotW never has more than one. */
  readonly unacked: readonly { readonly nonce: string; readonly version: string }[];
  /** Nonce of the last refusal, until the next ACK. */
  readonly refusedNonce?: string;
  /** Version last accepted. */
  readonly ackedVersion?: string;
}

/** What a request says about responses, apart from names. */
export interface Answer {
  readonly nonce: string;
  readonly isRefusal: boolean;
  /** `version_info`; delta requests have none. */
  readonly version?: string;
}

export type Verdict =
  /** It is about no response: the first request of a type, or one that carries no nonce. */
  | "request"
  /** It accepts the response of this nonce. */
  | "ack"
  /** It refuses the response of this nonce. */
  | "nack"
  /** It refuses what it refused before (XDS-59). */
  | "nackAgain"
  /** Right nonce, another version, no error: the response is settled and nothing accepted (XDS-49). */
  | "settled"
  /** It repeats the latest nonce, which was accepted already (XDS-43). */
  | "repeat"
  /** It repeats the latest nonce of a response that was refused or settled: nothing but its names counts. */
  | "spent"
  /** Its nonce is not the latest (XDS-39). */
  | "stale";

/**
 * How a SotW request is to be taken (sections D and E). A nonce on a type that was sent nothing yet on this stream
 * comes from an earlier stream and counts as none (XDS-41).
 */
export function judgeSotw(
  answer: Answer,
  { lastNonce, unacked, refusedNonce, ackedVersion }: Exchange,
): Verdict {
  const { nonce, isRefusal, version } = answer;
  if (lastNonce === undefined || nonce === "") return "request";
  if (nonce !== lastNonce) return "stale";
  const pending = unacked.find((response) => response.nonce === nonce);
  if (pending) {
    if (isRefusal) return "nack";
    return version === pending.version ? "ack" : "settled";
  }
  if (isRefusal) return refusedNonce === nonce ? "nackAgain" : "nack";
  return version === ackedVersion && refusedNonce !== nonce ? "repeat" : "spent";
}

/** How a delta request is to be taken; its subscriptions count whatever the verdict (XDS-76, XDS-77, XDS-83). */
export function judgeDelta(
  { nonce, isRefusal }: Answer,
  { unacked, refusedNonce, lastNonce }: Exchange,
): Verdict {
  if (nonce === "" || lastNonce === undefined) return "request";
  if (unacked.some((response) => response.nonce === nonce)) return isRefusal ? "nack" : "ack";
  if (isRefusal && refusedNonce === nonce) return "nackAgain";
  return "stale";
}
