import type { StreamHoldings } from "../../fleet/node-config.ts";
import type { LoadReport } from "../../fleet/loads.ts";
import type { StreamStanding } from "../../fleet/why.ts";
import type { UserTypePaths } from "../../schema/user-types/load-user-types.ts";
import type { TypeStatus, XdsEvent } from "../../xds/events.ts";
import type { Named } from "../../xds/order-views.ts";
import type { RememberedRefusal } from "../../xds/refusal-memory.ts";
import type { AdsLimits } from "../ads-server.ts";
import type { Token } from "../auth/tokens.ts";
import type { FanOutResult } from "../fan-out.ts";
import type { TlsMaterial } from "../tls/tls-files.ts";
import type { ContentPart } from "./content.ts";

/*
 * What the main process and a worker say to each other:
 *
 *   worker            main
 *   up             →              the program runs
 *                  ←  start       with what it serves in this manner
 *   started        →
 *                  ←  content …   what is served: at the start all of it, later what is new
 *   served         →              after each `serve` among it; with the first, the worker is ready
 *                  ←  connection  with its socket; one at a time
 *   taken          →              then it is closed there
 *   report …       →              what happened since the last one, at most one a turn of the event loop
 *   usage          →              every few seconds
 *                  ←  ping        regularly, once it is up
 *   pong           →              at once: it is not hung
 *                  ←  ask         about a node's streams
 *   answer         →
 *   ask            →              for the status of all clients (CSDS)
 *                  ←  answer
 *                  ←  certificates, tokens, refused, accepted: when they change
 *                  ←  drain
 *   report, exit   →
 */

/** What a worker is started with. */
export interface WorkerSetup {
  /** What responses say in `control_plane.identifier`. */
  readonly identifier: string;
  /** Where the types come from that users add to the Envoy API. */
  readonly userTypes: UserTypePaths;
  /** Those of rates are the worker's share. Connections are counted by the main process. */
  readonly limits: AdsLimits;
  readonly drainMs: number;
  /** Plain text without it. */
  readonly tls?: { readonly material: TlsMaterial; readonly allowsCertless: boolean };
  /** Clients need none of these without it. */
  readonly tokens?: readonly Token[];
  readonly refusals: readonly RememberedRefusal[];
}

/** A question about the open streams of a node. */
export type Question =
  | { readonly kind: "standings"; readonly nodeId: string; readonly resource: Named }
  | { readonly kind: "holdings"; readonly nodeId: string; readonly typeUrl?: string };

/** Stream ids in it are the worker's own. */
export type Answer =
  | { readonly kind: "standings"; readonly standings: readonly StreamStanding[] }
  | { readonly kind: "holdings"; readonly holdings: readonly StreamHoldings[] };

/** The answer to a call of CSDS: a message, or a gRPC status. */
export type ClientStatusAnswer =
  | { readonly kind: "message"; readonly bytes: Buffer }
  | { readonly kind: "status"; readonly code: number; readonly details: string };

/** From the main process to a worker. */
export type ToWorker =
  | { readonly kind: "start"; readonly setup: WorkerSetup }
  | { readonly kind: "content"; readonly part: ContentPart }
  /** Goes with the socket. */
  | { readonly kind: "connection"; readonly id: number }
  | { readonly kind: "certificates"; readonly material: TlsMaterial }
  | { readonly kind: "tokens"; readonly tokens: readonly Token[] }
  /** A node refused a type, or accepted it again, at another worker (XDS-60). */
  | { readonly kind: "refused"; readonly refusal: RememberedRefusal }
  | { readonly kind: "accepted"; readonly nodeId: string; readonly typeUrl: string }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "answer"; readonly id: number; readonly answer: ClientStatusAnswer }
  | { readonly kind: "ping"; readonly id: number }
  | { readonly kind: "drain" };

/** How a stream stands with a type; what it asks for was told when it asked. */
export type TypeReport = Omit<TypeStatus, "names" | "isWildcard">;

/** How a stream stands, as far as its events do not tell it: the types that stand otherwise than in the report before. */
export interface StreamReport {
  readonly streamId: number;
  readonly bufferedBytes: number;
  readonly types: readonly TypeReport[];
}

/** What nodes say of their loads (LRS). */
export type LoadNews =
  | { readonly kind: "joined"; readonly node: string }
  | {
      readonly kind: "reported";
      readonly node: string;
      readonly reports: readonly LoadReport[];
      readonly atMs: number;
    }
  | { readonly kind: "left"; readonly node: string };

/** What happened in a worker since its last report. Stream ids are its own. */
export interface Report {
  readonly events: readonly XdsEvent[];
  /** Of streams that are open after the events. */
  readonly streams: readonly StreamReport[];
  /** Requests that could be read, by type URL. */
  readonly requests: ReadonlyMap<string, number>;
  /** One for each time that something was served, in that order. */
  readonly pushes: readonly FanOutResult[];
  readonly loads: readonly LoadNews[];
  /** Ids of connections that are over. */
  readonly connections: readonly number[];
  /** Streams that were refused for their rate: how many, and the last of them. */
  readonly refused?: { readonly count: number; readonly peer: string; readonly reason: string };
}

/** What a worker costs. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** From a worker to the main process. */
export type FromWorker =
  | { readonly kind: "up" }
  | { readonly kind: "started" }
  | { readonly kind: "served" }
  | { readonly kind: "taken"; readonly id: number }
  | { readonly kind: "report"; readonly report: Report }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "pong"; readonly id: number }
  | { readonly kind: "ask"; readonly id: number; readonly request: Buffer }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer };

/** Both ends are one program: what has a kind is one of its messages. */
export function isToWorker(message: unknown): message is ToWorker {
  return hasKind(message);
}

/** The same for what a worker sends. */
export function isFromWorker(message: unknown): message is FromWorker {
  return hasKind(message);
}

function hasKind(message: unknown): boolean {
  return typeof message === "object" && message !== null && "kind" in message;
}
