import type { Log } from "../base/log.ts";
import { maskSecrets } from "../base/mask-secrets.ts";
import { formatPlace } from "../base/problem.ts";
import { unreachable } from "../base/unreachable.ts";
import type { StreamRecord } from "../fleet/node-record.ts";
import type { RevisionSource } from "../snapshot/revision.ts";
import type { Remark, XdsEvent } from "../xds/events.ts";
import type { EventLog } from "./event-log.ts";
import { rejections } from "./rejections.ts";
import { sourceFields } from "./source-fields.ts";

/** Tells people what happens on streams: the log for operators, the event log for the API. */
export class Narrator {
  readonly #log: Log;
  readonly #events: EventLog;
  readonly #source: () => RevisionSource | undefined;

  /** `source` is where that comes from which nodes are brought to. */
  constructor(log: Log, events: EventLog, source: () => RevisionSource | undefined) {
    this.#log = log;
    this.#events = events;
    this.#source = source;
  }

  /** `stream` is what the fleet knows of the event's stream, the event included; absent before its node is known. */
  tell(event: XdsEvent, stream: StreamRecord | undefined): void {
    const node = stream?.node?.id;
    const add = (kind: string, data: Record<string, unknown>) =>
      this.#events.add(kind, event.atMs, { node, ...data });
    switch (event.kind) {
      case "streamOpened":
        this.#log.debug("stream opened", { peer: event.peer, mode: event.streamKind });
        return;
      case "nodeKnown": {
        const { cluster, userAgentName, userAgentVersion } = event.node;
        const agent = `${userAgentName} ${userAgentVersion}`.trim();
        const fields = { cluster, peer: stream?.opened.peer, mode: stream?.opened.streamKind };
        this.#log.info("node connected", { node, ...fields, user_agent: agent });
        add("connected", { ...fields, userAgent: agent });
        return;
      }
      case "groupAssigned":
        if (event.group !== undefined) this.#log.debug("node has a group", { node, group: event.group });
        else if (event.revisionId !== undefined) {
          this.#log.warn("no group matches the node: it is served nothing", {
            node,
            cluster: stream?.node?.cluster,
          });
        }
        add("group", { group: event.group ?? null, revision: event.revisionId ?? null });
        return;
      case "subscribed":
        this.#log.debug("node subscribed", {
          node,
          type_url: event.typeUrl,
          names: event.isWildcard ? "*" : event.names.size,
        });
        return;
      case "sent":
        this.#log.debug("response sent", { node, ...responseFields(event), resources: event.resourceCount });
        return;
      case "acked":
        this.#log.debug("response accepted", { node, ...responseFields(event) });
        add("acked", { typeUrl: event.typeUrl, version: event.version });
        return;
      case "nacked": {
        const resources = stream?.types.get(event.typeUrl)?.refusal?.resources ?? [];
        const places = resources.map(({ name, place }) => (place ? `${name} (${formatPlace(place)})` : name));
        const message = maskSecrets(event.message).trim();
        this.#log.warn("node refused a response; it keeps what it had", {
          node,
          ...responseFields(event),
          error: message,
          resources: places.length > 0 ? places.join(", ") : undefined,
          ...sourceFields(this.#source()),
        });
        add("nacked", {
          typeUrl: event.typeUrl,
          version: event.version,
          code: event.code,
          message,
          resources,
          source: this.#source() ?? null,
        });
        return;
      }
      case "remarked":
        return this.#remark(event.remark, node);
      case "streamClosed":
        if (rejections.has(event.code)) {
          const peer = stream?.opened.peer;
          this.#log.warn("stream is refused", { node, peer, code: event.code, reason: event.reason });
        } else this.#log.info("node disconnected", { node, code: event.code, reason: event.reason });
        if (node !== undefined) add("disconnected", { code: event.code, reason: event.reason });
        return;
      default:
        unreachable(event);
    }
  }

  #remark(remark: Remark, node: string | undefined): void {
    switch (remark.kind) {
      case "staleNonce":
        return this.#log.debug("stale nonce ignored", {
          node,
          type_url: remark.typeUrl,
          nonce: remark.nonce,
        });
      case "unknownType": {
        const message = remark.isV2
          ? "node asks for a v2 type: its bootstrap lacks resource_api_version and transport_api_version V3"
          : "node asks for a type that is not served";
        return this.#log.warn(message, { node, type_url: remark.typeUrl });
      }
      case "otherNode":
        return this.#log.warn("stream changed its node id; the first one counts", { node, other: remark.id });
      case "oversized":
        return this.#log.warn("response is larger than gRPC clients take by default, which is 4 MiB", {
          node,
          type_url: remark.typeUrl,
          bytes: remark.bytes,
        });
      case "orderTimeout": {
        const message =
          remark.wait === "removal"
            ? "resources were removed although the node still holds something that names them"
            : "changes were sent although the node has not accepted what they build on";
        return this.#log.warn(message, {
          node,
          type_url: remark.typeUrl,
          names: shorten(remark.names),
          waited_ms: Math.round(remark.waitedMs),
        });
      }
      default:
        unreachable(remark);
    }
  }
}

function responseFields(event: {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
}) {
  return { type_url: event.typeUrl, version: event.version, nonce: event.nonce };
}

function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
