import { unreachable } from "../../base/unreachable.ts";
import { TYPE_URL_PREFIX } from "../../schema/type-urls.ts";
import type { StreamKind, XdsEvent } from "../../xds/events.ts";
import { rejections } from "../rejections.ts";
import { GroupCounters } from "./group-counters.ts";

/** Counts of one resource type. */
export interface TypeCounts {
  requests: number;
  sent: number;
  acked: number;
  nacked: number;
  sentBytes: number;
  staleNonces: number;
}

/** Type URLs come from clients too, so their number has a bound. */
const mostTypeLabels = 64;

interface OpenStream {
  readonly label: string;
  nodeId: string;
  /** When the last response of a type was sent that was not answered yet, by type URL; made with the first. */
  unanswered?: Map<string, number>;
}

/** Types of open streams whose last response was not answered yet. */
interface Unanswered {
  count: number;
  /** Wall clock. */
  oldestSentAtMs: number;
}

/** Plain fields that every event of every stream touches; read when the metrics are scraped. */
export class XdsCounters {
  /** By short type name. */
  readonly types = new Map<string, TypeCounts>();
  /** By `type mode`; the type is `ads` for the aggregated service. */
  readonly streams = new Map<string, number>();
  /** Refusals by `node type`. */
  readonly refusals = new Map<string, number>();
  /** Streams that were ended for what their client did, by `reason`. */
  readonly rejected = new Map<string, number>();
  readonly groups = new GroupCounters();
  unknownTypes = 0;
  /** The same by type URL: each event asks. */
  readonly #byUrl = new Map<string, TypeCounts>();
  readonly #openStreams = new Map<number, OpenStream>();
  readonly #nodeLabels = new Set<string>();
  readonly #mostNodeLabels: number;

  /** `mostNodeLabels` nodes have refusals counted by their id; those of further nodes count under `other`. */
  constructor(mostNodeLabels = 100) {
    this.#mostNodeLabels = mostNodeLabels;
  }

  apply(event: XdsEvent): void {
    this.groups.apply(event);
    switch (event.kind) {
      case "streamOpened": {
        const type = event.service.kind === "ads" ? "ads" : typeLabel(event.service.typeUrl);
        const label = streamLabel(type, event.streamKind);
        this.#openStreams.set(event.streamId, { label, nodeId: "" });
        this.streams.set(label, (this.streams.get(label) ?? 0) + 1);
        return;
      }
      case "nodeKnown": {
        const stream = this.#openStreams.get(event.streamId);
        if (stream) stream.nodeId = event.node.id;
        return;
      }
      case "streamClosed": {
        const reason = rejections.get(event.code);
        if (reason) this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
        const stream = this.#openStreams.get(event.streamId);
        if (!stream) return;
        this.#openStreams.delete(event.streamId);
        this.streams.set(stream.label, (this.streams.get(stream.label) ?? 1) - 1);
        return;
      }
      case "sent": {
        const counts = this.#of(event.typeUrl);
        counts.sent += 1;
        counts.sentBytes += event.bytes;
        const stream = this.#openStreams.get(event.streamId);
        if (stream) (stream.unanswered ??= new Map()).set(event.typeUrl, event.atMs);
        return;
      }
      case "acked":
        this.#of(event.typeUrl).acked += 1;
        this.#openStreams.get(event.streamId)?.unanswered?.delete(event.typeUrl);
        return;
      case "nacked": {
        this.#of(event.typeUrl).nacked += 1;
        this.#openStreams.get(event.streamId)?.unanswered?.delete(event.typeUrl);
        const node = this.#nodeLabel(this.#openStreams.get(event.streamId)?.nodeId ?? "");
        const label = `${typeLabel(event.typeUrl)} ${node}`;
        this.refusals.set(label, (this.refusals.get(label) ?? 0) + 1);
        return;
      }
      case "remarked":
        if (event.remark.kind === "staleNonce") this.#of(event.remark.typeUrl).staleNonces += 1;
        if (event.remark.kind === "unknownType") this.unknownTypes += 1;
        return;
      case "groupAssigned":
      case "subscribed":
        return;
      default:
        unreachable(event);
    }
  }

  /** Clients made requests. */
  noteRequests(typeUrl: string, count: number): void {
    this.#of(typeUrl).requests += count;
  }

  /** What was sent and not answered yet, by short type name. */
  get unanswered(): ReadonlyMap<string, Unanswered> {
    const types = new Map<string, Unanswered>();
    for (const { unanswered } of this.#openStreams.values()) {
      for (const [typeUrl, sentAtMs] of unanswered ?? []) {
        const label = typeLabel(typeUrl);
        const sum = types.get(label) ?? { count: 0, oldestSentAtMs: sentAtMs };
        sum.count += 1;
        sum.oldestSentAtMs = Math.min(sum.oldestSentAtMs, sentAtMs);
        types.set(label, sum);
      }
    }
    return types;
  }

  #of(typeUrl: string): TypeCounts {
    const known = this.#byUrl.get(typeUrl);
    if (known) return known;
    let label = typeLabel(typeUrl);
    if (!this.types.has(label) && this.types.size >= mostTypeLabels) label = "other";
    let counts = this.types.get(label);
    if (!counts) {
      counts = { requests: 0, sent: 0, acked: 0, nacked: 0, sentBytes: 0, staleNonces: 0 };
      this.types.set(label, counts);
    }
    if (this.#byUrl.size < mostTypeLabels) this.#byUrl.set(typeUrl, counts);
    return counts;
  }

  #nodeLabel(id: string): string {
    if (this.#nodeLabels.size < this.#mostNodeLabels) this.#nodeLabels.add(id);
    return this.#nodeLabels.has(id) ? id : "other";
  }
}

/** `Cluster` for Envoy's own types, the full name for a user's. */
export function typeLabel(typeUrl: string): string {
  const name = typeUrl.startsWith(TYPE_URL_PREFIX) ? typeUrl.slice(TYPE_URL_PREFIX.length) : typeUrl;
  return name.startsWith("envoy.") ? name.slice(name.lastIndexOf(".") + 1) : name;
}

function streamLabel(type: string, mode: StreamKind): string {
  return `${type} ${mode}`;
}
