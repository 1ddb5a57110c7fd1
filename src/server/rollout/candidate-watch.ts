import { maskSecrets } from "../../base/mask-secrets.ts";
import type { NamedResource } from "../../fleet/refused-resources.ts";
import type { CandidateRefusal, ObservedNode } from "../../rollout/state.ts";
import type { Node } from "../../snapshot/node.ts";
import type { StreamStatus, XdsEvent } from "../../xds/events.ts";

/** A node that went away with the candidate has this long to come back: an Envoy that is restarted does. */
const lostAfterMs = 10_000;

/** UNAVAILABLE: this side ended the stream, such as with the worker that served it. */
const endedHere = 14;

interface CandidateStream {
  readonly node: Node;
  /** Nonces of what was sent of the candidate and not answered, by type URL. */
  readonly nonces: Map<string, string>;
}

interface Departure {
  readonly node: Node;
  /** How often it went by itself. */
  count: number;
  /** Monotonic; absent when it is back. */
  awaySinceMs: number | undefined;
}

/**
 * What the nodes that were given a candidate did with it, folded from the events of their streams. What was sent before
 * they were given it is no answer to it, and neither is a refusal of it.
 */
export class CandidateWatch {
  readonly #candidateId: string;
  readonly #resourcesNamed: (streamId: number, typeUrl: string) => readonly NamedResource[];
  readonly #streams = new Map<number, CandidateStream>();
  /** By node id and type URL. */
  readonly #refusals = new Map<string, Map<string, CandidateRefusal>>();
  readonly #departures = new Map<string, Departure>();

  /** `resourcesNamed` are those that the last refusal of a stream's type names. */
  constructor(
    candidateId: string,
    resourcesNamed: (streamId: number, typeUrl: string) => readonly NamedResource[],
  ) {
    this.#candidateId = candidateId;
    this.#resourcesNamed = resourcesNamed;
  }

  /** `node` is that of the event's stream, as far as it is known; `nowMs` is monotonic. */
  apply(event: XdsEvent, node: Node | undefined, nowMs: number): void {
    if (!node) return;
    const { streamId } = event;
    if (event.kind === "groupAssigned") {
      if (event.revisionId !== this.#candidateId) this.#streams.delete(streamId);
      else if (!this.#streams.has(streamId)) this.#streams.set(streamId, { node, nonces: new Map() });
      const departure = this.#departures.get(node.id);
      if (departure) departure.awaySinceMs = undefined;
      return;
    }
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    if (event.kind === "sent") stream.nonces.set(event.typeUrl, event.nonce);
    else if (event.kind === "acked") this.#refusals.get(node.id)?.delete(event.typeUrl);
    else if (event.kind === "nacked" && stream.nonces.get(event.typeUrl) === event.nonce) {
      const { typeUrl, atMs, message } = event;
      const refusals = this.#refusals.get(node.id) ?? new Map<string, CandidateRefusal>();
      const resources = this.#resourcesNamed(streamId, typeUrl);
      refusals.set(typeUrl, {
        node: node.id,
        typeUrl,
        atMs,
        message: maskSecrets(message).trim(),
        resources,
      });
      this.#refusals.set(node.id, refusals);
    } else if (event.kind === "streamClosed")
      this.#close(streamId, node, event.code === endedHere ? 0 : 1, nowMs);
  }

  #close(streamId: number, node: Node, count: 0 | 1, nowMs: number): void {
    this.#streams.delete(streamId);
    if ([...this.#streams.values()].some((other) => other.node.id === node.id)) return;
    const departure = this.#departures.get(node.id) ?? { node, count: 0, awaySinceMs: undefined };
    departure.count += count;
    departure.awaySinceMs = nowMs;
    this.#departures.set(node.id, departure);
  }

  /** When the next node that is away counts as lost. */
  nextLossMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { awaySinceMs } of this.#departures.values()) {
      const atMs = awaySinceMs === undefined ? 0 : awaySinceMs + lostAfterMs;
      if (atMs > nowMs && (next === undefined || atMs < next)) next = atMs;
    }
    return next;
  }

  /** All nodes that are there, and those that went away with the candidate. */
  observe(streams: Iterable<StreamStatus>, nowMs: number): readonly ObservedNode[] {
    const observed = new Map<string, ObservedNode>();
    for (const { node, revisionId, group, types } of streams) {
      if (!node) continue;
      const isPending = group !== undefined && types.some(({ state }) => state === "STALE");
      const before = observed.get(node.id);
      const isBehind =
        before !== undefined && (before.state === "pending" || before.revisionId !== revisionId);
      observed.set(node.id, {
        node,
        ...(revisionId !== undefined && { revisionId }),
        state: isPending || isBehind ? "pending" : "synced",
      });
    }
    for (const [id, refusals] of this.#refusals) {
      const seen = observed.get(id);
      const [refusal] = refusals.values();
      if (seen && refusal) observed.set(id, { ...seen, state: "refused", refusal });
    }
    for (const [id, { node, count, awaySinceMs }] of this.#departures) {
      const isAway = awaySinceMs !== undefined;
      const isLost = count > 1 || (isAway && nowMs - awaySinceMs >= lostAfterMs);
      if (isLost) observed.set(id, { node, state: "lost" });
      else if (isAway) observed.set(id, { node, state: "pending" });
    }
    return [...observed.values()];
  }
}
