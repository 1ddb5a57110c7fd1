import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import type { SourceFile } from "../../src/schema/source-node.ts";
import type { AdminReply } from "../admin/admin-route.ts";
import type { ForeignSources } from "../resources/extension.ts";
import type { StatsSnapshot } from "../stats/stats-store.ts";
import type { FetchEnd, Refusal } from "../xds-client/update.ts";

/** An update without what the worker makes itself: the decoded messages. */
export interface SentUpdate {
  readonly typeUrl: string;
  readonly version: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly value: Buffer }[];
  readonly removed: readonly string[];
}

/** What a worker is to run: the texts as the parent read them, so that all workers run the same. */
export interface WorkerStart {
  readonly files: readonly SourceFile[];
  readonly foreignSources: ForeignSources;
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** Of which stream a message is; absent when its type has one alone. */
interface OfStream {
  readonly stream?: string;
}

/** From the parent to a worker, of the control plane. An `id` comes back with the answer. */
export type XdsToWorker = OfStream & XdsEvent;

type XdsEvent =
  | { readonly kind: "apply"; readonly id: number; readonly update: SentUpdate }
  | {
      readonly kind: "fetch-ended";
      readonly typeUrl: string;
      readonly names: readonly string[];
      readonly end: FetchEnd;
    }
  | { readonly kind: "stream-failed"; readonly typeUrl: string };

/** From the parent to a worker. */
export type ToWorker =
  | { readonly kind: "xds"; readonly message: XdsToWorker }
  | { readonly kind: "start"; readonly start: WorkerStart }
  | { readonly kind: "ask-stats"; readonly id: number }
  | {
      readonly kind: "ask-admin";
      readonly id: number;
      readonly method: string;
      readonly target: string;
      /** Of all workers, to be shown in place of the worker's own. */
      readonly stats?: readonly StatsSnapshot[];
    }
  | { readonly kind: "pipe-cleared"; readonly id: number }
  | { readonly kind: "drain"; readonly timeoutMs: number };

/** From a worker to the parent, of the control plane. */
export type XdsFromWorker =
  /** `source`: a ConfigSource of a resource; absent for the one of the bootstrap. */
  | { readonly kind: "subscribe-all"; readonly typeUrl: string; readonly source?: Message }
  | {
      readonly kind: "subscribe";
      readonly id: number;
      readonly typeUrl: string;
      readonly name: string;
      readonly source: Message;
    }
  | { readonly kind: "refresh"; readonly id: number }
  | { readonly kind: "unsubscribe"; readonly id: number }
  | {
      readonly kind: "verdict";
      readonly id: number;
      readonly refused: readonly Refusal[];
      /** A `warmed` follows. */
      readonly isWarming: boolean;
    }
  | { readonly kind: "warmed"; readonly id: number };

/** From a worker to the parent. */
export type FromWorker =
  | { readonly kind: "xds"; readonly message: XdsFromWorker }
  | { readonly kind: "up" }
  | { readonly kind: "live" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stats"; readonly id: number; readonly stats: StatsSnapshot }
  | { readonly kind: "admin"; readonly id: number; readonly reply: AdminReply }
  | { readonly kind: "clear-pipe"; readonly id: number; readonly path: string }
  | { readonly kind: "quit" };

/** Both ends are this program: what has a kind is one of its messages. */
export function isToWorker(message: unknown): message is ToWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}

/** The same for what a worker sends. */
export function isFromWorker(message: unknown): message is FromWorker {
  return isRecord(message) && typeof message["kind"] === "string";
}
