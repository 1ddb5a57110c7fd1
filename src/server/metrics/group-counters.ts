import { unreachable } from "../../base/unreachable.ts";
import type { XdsEvent } from "../../xds/events.ts";

/** Counts of one group of nodes. */
export interface GroupCounts {
  /** Open now. */
  streams: number;
  sent: number;
  acked: number;
  nacked: number;
}

/** Groups beyond these are counted together: each has several series. */
const mostGroupLabels = 100;
const otherGroups = "other";

/** What is counted by group: streams, and how responses were answered. */
export class GroupCounters {
  /** By the name of the group; that of nodes of no group is empty. */
  readonly groups = new Map<string, GroupCounts>();
  /** The counts of the group that an open stream is in. */
  readonly #streams = new Map<number, GroupCounts>();

  apply(event: XdsEvent): void {
    switch (event.kind) {
      case "groupAssigned": {
        this.#leave(event.streamId);
        const counts = this.#of(event.group ?? "");
        counts.streams += 1;
        this.#streams.set(event.streamId, counts);
        return;
      }
      case "streamClosed":
        return this.#leave(event.streamId);
      case "sent":
      case "acked":
      case "nacked": {
        const counts = this.#streams.get(event.streamId);
        if (counts) counts[event.kind] += 1;
        return;
      }
      case "streamOpened":
      case "nodeKnown":
      case "subscribed":
      case "remarked":
        return;
      default:
        unreachable(event);
    }
  }

  /** What a group is called in metrics. */
  labelOf(group: string): string {
    return this.groups.has(group) || this.groups.size < mostGroupLabels ? group : otherGroups;
  }

  #leave(streamId: number): void {
    const counts = this.#streams.get(streamId);
    if (!counts) return;
    counts.streams -= 1;
    this.#streams.delete(streamId);
  }

  #of(group: string): GroupCounts {
    const label = this.labelOf(group);
    const known = this.groups.get(label);
    if (known) return known;
    const counts = { streams: 0, sent: 0, acked: 0, nacked: 0 };
    this.groups.set(label, counts);
    return counts;
  }
}
