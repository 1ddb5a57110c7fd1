/** A version of the header. */
export type HeaderVersion = "V1" | "V2";

/** What is said on a connection behind the header. */
export type Payload = "nothing" | "http" | "tls";

/**
 * One connection of a probe.
 *
 * - `none`: no header, to know what the upstream does by itself.
 * - `local`: a header that names nobody (UNKNOWN, LOCAL), so that nobody is impersonated.
 * - `own`: a header with the addresses that the connection really has.
 * - `broken`: a header that begins right and goes wrong. Who answers it as if nothing were there reads no headers.
 */
export type Attempt =
  | { readonly header: "none"; readonly payload: Payload }
  | {
      readonly header: "local" | "own" | "broken";
      readonly version: HeaderVersion;
      readonly payload: Payload;
    };

/** The parts of what was sent; either may be empty. */
export interface Sent {
  readonly header: Buffer;
  readonly payload: Buffer;
}

/** What happened on it. */
export type Observation =
  | { readonly kind: "no-connection"; readonly reason: string }
  | {
      readonly kind: "connected";
      readonly sent: Sent;
      /** What came back, at most 4 KiB of it. */
      readonly received: Buffer;
      /** What the peer did to the connection within the wait. */
      readonly ending: "open" | "closed" | "reset";
    };

/** An attempt and what came of it. */
export interface Tried {
  readonly attempt: Attempt;
  readonly observation: Observation;
}
