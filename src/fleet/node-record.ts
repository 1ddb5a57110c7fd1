import { maskSecrets } from "../base/mask-secrets.ts";
import { unreachable } from "../base/unreachable.ts";
import type { Node } from "../snapshot/node.ts";
import type { RevisionSource } from "../snapshot/revision.ts";
import type { Acked, Nacked, Sent, StreamOpened, Subscribed } from "../xds/events.ts";
import type { NodeRefusal, NodeTypeStatus } from "./node-status.ts";
import type { NamedResource } from "./refused-resources.ts";

/** What is known of one open stream. Changes with its events: who keeps it sees what is known later. */
export interface StreamRecord {
  readonly opened: StreamOpened;
  readonly node?: Node;
  readonly group?: string | undefined;
  readonly revisionId?: string | undefined;
  readonly types: ReadonlyMap<string, TypeRecord>;
}

/** How a stream stands with one type, and the nonce that an answer is awaited for. */
export interface TypeRecord extends Omit<NodeTypeStatus, "state"> {
  readonly awaitedNonce?: string | undefined;
}

/** An event about one type of one stream. */
export type TypeEvent = Subscribed | Sent | Acked | Nacked;

/** What a refusal leads back to: the resources that it names, and where they were read from. */
export interface RefusalOrigin {
  readonly resources: readonly NamedResource[];
  readonly source?: RevisionSource | undefined;
}

const noOrigin: RefusalOrigin = { resources: [] };

/** The type's record after the event; `origin` is that of a refusal. */
export function stepType(
  record: TypeRecord | undefined,
  event: TypeEvent,
  origin: RefusalOrigin = noOrigin,
): TypeRecord {
  const now: TypeRecord = record ?? {
    typeUrl: event.typeUrl,
    isWildcard: false,
    nameCount: 0,
    refusalCount: 0,
  };
  switch (event.kind) {
    case "subscribed":
      return { ...now, isWildcard: event.isWildcard, nameCount: event.names.size };
    case "sent":
      return { ...now, sentVersion: event.version, sentAtMs: event.atMs, awaitedNonce: event.nonce };
    case "acked":
      return {
        ...now,
        ackedVersion: event.version,
        ackedAtMs: event.atMs,
        refusal: undefined,
        awaitedNonce: stillAwaited(now, event.nonce),
      };
    case "nacked":
      return {
        ...now,
        refusal: refusalOf(event, origin),
        refusalCount: now.refusalCount + 1,
        awaitedNonce: stillAwaited(now, event.nonce),
      };
    default:
      return unreachable(event);
  }
}

/** The nonce that is awaited after an answer to `nonce`: a newer response may be on its way already. */
function stillAwaited(record: TypeRecord, nonce: string): string | undefined {
  return record.awaitedNonce === nonce ? undefined : record.awaitedNonce;
}

function refusalOf(event: Nacked, { resources, source }: RefusalOrigin): NodeRefusal {
  return {
    atMs: event.atMs,
    nonce: event.nonce,
    version: event.version,
    acceptedVersion: event.acceptedVersion,
    code: event.code,
    message: maskSecrets(event.message),
    resources,
    ...(source && { source }),
  };
}

/** The status of a type as its record tells it. */
export function typeStatus(record: TypeRecord): NodeTypeStatus {
  const { awaitedNonce, ...rest } = record;
  if (record.refusal) return { ...rest, state: "NACKED" };
  if (record.sentVersion === undefined) return { ...rest, state: "NOT_SENT" };
  return { ...rest, state: awaitedNonce === undefined ? "SYNCED" : "STALE" };
}
