import type { Message } from "../../src/schema/message.ts";
import type { FetchEnd, Refusal, Update, UpdatedResource } from "./update.ts";

/** When an event happened, by both clocks: deadlines count on the one, people read the other. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A resource of a response. One without `resource` is a heartbeat: it restarts the TTL and changes nothing. */
export interface ReceivedResource {
  readonly name: string;
  /** Empty in SotW, where only the response has a version. */
  readonly version: string;
  readonly ttlMs?: number;
  readonly resource?: UpdatedResource;
}

/** What a response holds once its bytes are read: *whole* errors make it malformed, *each* errors are `refused`. */
export type ResponseContent =
  | {
      readonly kind: "resources";
      /** Each name once. */
      readonly resources: readonly ReceivedResource[];
      readonly removed: readonly string[];
      /** Refused before any consumer saw them: the second of two with one name (XC-28). */
      readonly refused: readonly Refusal[];
    }
  | { readonly kind: "malformed"; readonly reason: string };

/** A DiscoveryResponse or DeltaDiscoveryResponse. */
export interface Response {
  readonly typeUrl: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  readonly nonce: string;
  /** `control_plane.identifier`, where the server names itself. */
  readonly identifier?: string;
  readonly content: ResponseContent;
}

/** What can happen to a session. */
export type SessionEvent =
  /** A new stream takes messages. */
  | { readonly kind: "opened" }
  /** The stream ended, or an attempt to open one failed. */
  | { readonly kind: "closed" }
  /** CDS, LDS. `timeoutMs` is `initial_fetch_timeout`, 0 for ever. */
  | { readonly kind: "subscribe-all"; readonly typeUrl: string; readonly timeoutMs: number }
  /** Counted: a name is on the wire until as many `unsubscribe` came. */
  | {
      readonly kind: "subscribe";
      readonly typeUrl: string;
      readonly name: string;
      readonly timeoutMs: number;
    }
  | { readonly kind: "unsubscribe"; readonly typeUrl: string; readonly name: string }
  /** Asks once more for a name that is subscribed to. */
  | { readonly kind: "refresh"; readonly typeUrl: string; readonly name: string }
  /** Not before the verdict on the response before it was told by `applied`. */
  | { readonly kind: "received"; readonly response: Response }
  /** The verdict on the last `apply` action. `isWarming` keeps its ACK back until `warmed` (XC-35). */
  | { readonly kind: "applied"; readonly refused: readonly Refusal[]; readonly isWarming: boolean }
  | { readonly kind: "warmed"; readonly typeUrl: string }
  /** Whoever still waits for an answer waits in vain: a file has been read, or it could not be. */
  | { readonly kind: "wait-over"; readonly typeUrl: string; readonly end: FetchEnd }
  /** Changes of names since the last one go out in one message a type (XC-24). */
  | { readonly kind: "turn-ended" }
  /** `deadlineMs()` has come. */
  | { readonly kind: "time-passed" };

/** What the owner of a session has to do, in this order. */
export type SessionAction =
  /** A DiscoveryRequest or DeltaDiscoveryRequest. */
  | { readonly kind: "send"; readonly request: Message }
  /** Hand it to the consumer of the type, then step with `applied`. */
  | { readonly kind: "apply"; readonly update: Update }
  /** Hand it to the consumer of the type; its verdict is not wanted: a TTL has run out (XC-52). */
  | { readonly kind: "expire"; readonly update: Update }
  /** Tell the consumer of the type; `names` is empty for CDS and LDS. */
  | {
      readonly kind: "end-fetch";
      readonly typeUrl: string;
      readonly names: readonly string[];
      readonly end: FetchEnd;
    };
