import type { Node } from "../../src/snapshot/node.ts";
import type { XdsEvent } from "../../src/xds/events.ts";

export const CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
export const LDS = "type.googleapis.com/envoy.config.listener.v3.Listener";

/** An Envoy 1.40.0 of the cluster `edge`. */
export function envoy(id: string, more: Partial<Node> = {}): Node {
  return {
    id,
    cluster: "edge",
    locality: { region: "", zone: "", sub_zone: "" },
    userAgentName: "envoy",
    userAgentVersion: "1.40.0",
    clientFeatures: [],
    ...more,
  };
}

/** A stream that connected, and the events that say so. */
export function connect(streamId: number, node: Node, atMs = 1000, group = "edge"): XdsEvent[] {
  const peer = `127.0.0.1:${5000 + streamId}`;
  return [
    { kind: "streamOpened", streamId, atMs, streamKind: "sotw", service: { kind: "ads" }, peer },
    { kind: "nodeKnown", streamId, atMs, node },
    { kind: "groupAssigned", streamId, atMs, ...(group ? { group } : {}), revisionId: "r1" },
  ];
}

export function subscribe(streamId: number, typeUrl: string, ...names: string[]): XdsEvent {
  const isWildcard = names.length === 0;
  return { kind: "subscribed", streamId, atMs: 1001, typeUrl, isWildcard, names: new Set(names) };
}

export function send(
  streamId: number,
  typeUrl: string,
  nonce: string,
  version: string,
  atMs = 1002,
): XdsEvent {
  return {
    kind: "sent",
    streamId,
    atMs,
    typeUrl,
    nonce,
    version,
    resourceCount: 1,
    removedCount: 0,
    bytes: 10,
  };
}

export function ack(
  streamId: number,
  typeUrl: string,
  nonce: string,
  version: string,
  atMs = 1003,
): XdsEvent {
  return { kind: "acked", streamId, atMs, typeUrl, nonce, version };
}

export function nack(
  streamId: number,
  typeUrl: string,
  nonce: string,
  version: string,
  message: string,
): XdsEvent {
  return {
    kind: "nacked",
    streamId,
    atMs: 1004,
    typeUrl,
    nonce,
    version,
    acceptedVersion: "",
    code: 13,
    message,
  };
}

export function close(streamId: number, atMs: number): XdsEvent {
  return { kind: "streamClosed", streamId, atMs, code: 1, reason: "the client went" };
}
