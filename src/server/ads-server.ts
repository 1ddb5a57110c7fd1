import type { Socket } from "node:net";
import { ServerCredentials, status, type Server } from "@grpc/grpc-js";
import { systemClock, type Clock } from "../base/clock.ts";
import { thingsPerStep } from "../base/steps.ts";
import { accessRefusal, operatorRefusal } from "../config/access-policy.ts";
import type { StreamHoldings } from "../fleet/node-config.ts";
import type { StreamStanding } from "../fleet/why.ts";
import type { Node } from "../snapshot/node.ts";
import type { Group, Revision } from "../snapshot/revision.ts";
import { newResources, revisionFor, type Served, type Serving } from "../snapshot/serving.ts";
import type { StreamKind, StreamService, StreamStatus, XdsEvent } from "../xds/events.ts";
import { InterestPool } from "../xds/interest-pool.ts";
import { type Named, OrderViews, type ReferencesOf } from "../xds/order-views.ts";
import { RefusalMemory } from "../xds/refusal-memory.ts";
import { ResponseCache } from "../xds/response.ts";
import { Session, type SessionOptions } from "../xds/session.ts";
import { traitsWith, v3Types } from "../xds/type-traits.ts";
import { Views } from "../xds/views.ts";
import { AdsStream, type AdsStreamHost, type RawCall } from "./ads-stream.ts";
import { discoveryServices, type OpenStream, serviceNames } from "./discovery-services.ts";
import { ConnectionAges } from "./connection-ages.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { drainStreams } from "./drain.ts";
import { type Identity, identify } from "./auth/identify.ts";
import type { TokenCheck } from "./auth/served-tokens.ts";
import { type RateLimit, type RateState, takeRequest } from "./request-rate.ts";
import { FanOut, type FanOutResult } from "./fan-out.ts";
import { Slices } from "./slices.ts";
import { type Caller, definitionOf, endCall, type GrpcService } from "./services/grpc-service.ts";
import { Health } from "./services/health-service.ts";
import { defaultGrpcLimits, newGrpcServer, type GrpcLimits } from "./grpc-server.ts";

/** What the xDS server holds its clients to. */
export interface AdsLimits extends GrpcLimits {
  /** Names that a client may ask for of one type on one stream. Default 100,000. */
  readonly namesPerType: number;
  /** A response that a client has not taken after this time costs it the stream (XDS-124). Default 60 s. */
  readonly stallTimeoutMs: number;
  /** A stream that has not made its first request after this time is ended. Default 30 s. */
  readonly firstRequestTimeoutMs: number;
  /** Requests that a stream may make. Default 1,000 a second, 5,000 at once. */
  readonly requestRate: RateLimit;
  /**
   * Streams that may be opened, by all clients together (XDS-128): beyond, they end with UNAVAILABLE, which clients answer
   * by coming back later. Default 5,000 a second, 10,000 at once: what a fleet that reconnects may need.
   */
  readonly streamRate: RateLimit;
  /**
   * How long changes wait until the client accepted the clusters that they name, and removals until it accepted what
   * replaces the last use (XDS-96, XDS-97). Default 20 s: Envoy gives up on endpoints that do not come after 15 s.
   */
  readonly orderTimeoutMs: number;
}

/** What a server is made with; all of it may be left out. */
export interface AdsServerOptions {
  /** `127.0.0.1:18000`, `[::1]:0`, `unix:/run/chancery.sock`. Default 127.0.0.1:18000. */
  readonly address?: string;
  /** Permissions of the file of a Unix-domain socket. Default 0600: the own user alone may connect. */
  readonly socketMode?: number;
  /** Plain text unless given. */
  readonly credentials?: ServerCredentials;
  /** Clients have to show one of these, unless they have a certificate that was verified (XDS-138). */
  readonly tokens?: TokenCheck;
  /** Services beside those of discovery and health. */
  readonly services?: readonly GrpcService[];
  /** What responses say in `control_plane.identifier`: this replica and its version (XDS-141). Default `chancery`. */
  readonly identifier?: string;
  readonly limits?: Partial<AdsLimits>;
  /** The group of a node. Default: the first of the revision whose match the node fulfils. */
  readonly groupOf?: (node: Node, revision: Revision) => Group | undefined;
  /**
   * Types that are served beside Envoy's, on the aggregated service and by name only: those for which this says true.
   * Default: none. Finite, for what is known of each type is kept.
   */
  readonly isOwnType?: (typeUrl: string) => boolean;
  /**
   * What a resource names, for make-before-break gated by ACKs: `envoyReferences(schema)`. Without it, types go out in
   * their order, but a removal does not wait for its last use.
   */
  readonly referencesOf?: ReferencesOf;
  /** What is known of refusals (XDS-60), where other servers of the same nodes share it. */
  readonly refusals?: Pick<RefusalMemory, "has" | "noteAck" | "noteRefusal">;
  /** Told of connections and streams beyond the limits. */
  readonly onRefusedConnection?: (address: string, reason: string) => void;
  /** Told of all that happens on streams, in order. Must not throw. */
  readonly onEvent?: (event: XdsEvent) => void;
  /** Told of each request that could be read, by its type URL; for counting. */
  readonly onRequest?: (typeUrl: string) => void;
  /** Told when open streams have been given a revision: how long that took, and how many a newer one overtook. */
  readonly onPushed?: (push: FanOutResult) => void;
  /** Streams are ended over this time at `close` (XDS-134). Default 5 s. */
  readonly drainMs?: number;
  readonly clock?: Clock;
}

/** What clients are held to unless options say otherwise. */
export const defaultAdsLimits: AdsLimits = {
  ...defaultGrpcLimits,
  namesPerType: 100_000,
  stallTimeoutMs: 60_000,
  firstRequestTimeoutMs: 30_000,
  requestRate: { perSecond: 1_000, burst: 5_000 },
  streamRate: { perSecond: 5_000, burst: 10_000 },
  orderTimeoutMs: 20_000,
};

/** What is granted beyond the drain time to connections that do not close by themselves. */
const closeGraceMs = 1_000;

/** What the HTTP/2 session and the first requests of a new connection take, about; with it, a turn takes 15 of them. */
const connectionMs = 1;

/** Makes a server; nothing happens before `start`. */
export function createAdsServer(options: AdsServerOptions = {}): AdsServer {
  return new AdsServer(options);
}

/** An xDS server on one port: the aggregated and the per-type services, state of the world and delta. */
export class AdsServer implements AsyncDisposable {
  readonly #options: AdsServerOptions;
  readonly #clock: Clock;
  readonly #limits: AdsLimits;
  readonly #server: Server;
  readonly #health: Health;
  #gate: ConnectionGate | undefined;
  /** Open calls of services other than discovery. */
  readonly #calls = new Set<RawCall>();
  readonly #streams = new Map<number, AdsStream>();
  /** All that may be much work goes through it. */
  readonly #slices: Slices;
  readonly #fanOut: FanOut<AdsStream>;
  readonly #refusals: NonNullable<AdsServerOptions["refusals"]>;
  /** What all sessions are given; most of it so that work done for one serves all. */
  readonly #common: Omit<SessionOptions, "kind" | "service" | "beatPhase">;
  readonly #host: AdsStreamHost;
  #serving: Serving | undefined;
  #streamCount = 0;
  #streamRate: RateState | undefined;
  #unlinkSignal: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #isListening = false;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limits = { ...defaultAdsLimits, ...options.limits };
    this.#refusals = options.refusals ?? new RefusalMemory();
    this.#slices = new Slices(this.#clock);
    this.#fanOut = new FanOut(this.#clock, this.#slices, options.onPushed);
    this.#common = {
      traitsOf: traitsWith(options.isOwnType ?? (() => false)),
      shared: {
        views: new Views(),
        responses: new ResponseCache(options.identifier ?? "chancery"),
        ...(options.referencesOf && { order: new OrderViews(options.referencesOf) }),
      },
      interests: new InterestPool(),
      maxNames: this.#limits.namesPerType,
      orderTimeoutMs: this.#limits.orderTimeoutMs,
      isDistrusted: (nodeId, typeUrl) => this.#refusals.has(nodeId, typeUrl, this.#clock.now()),
    };
    this.#host = {
      clock: this.#clock,
      slices: this.#slices,
      ages: new ConnectionAges(this.#limits.connectionMaxAgeMs),
      ...this.#limits,
      onEvent: (stream, event) => this.#note(stream, event),
      onRequest: (typeUrl) => options.onRequest?.(typeUrl),
      onNode: (stream, node) => this.#assign(stream, node),
      refusal: (stream) => this.#refusalOf(stream, stream.served),
      onClosed: ({ streamId }) => this.#streams.delete(streamId),
    };
    this.#server = newGrpcServer(this.#limits);
    const open: OpenStream = (kind, service, call) => this.#open(kind, service, call);
    for (const { definition, implementation } of discoveryServices(v3Types, open)) {
      this.#server.addService(definition, implementation);
    }
    const services = options.services ?? [];
    this.#health = new Health([...serviceNames(v3Types), ...services.map(({ name }) => name)]);
    for (const service of [this.#health.service, ...services]) {
      const { definition, implementation } = definitionOf(service, (call, access) =>
        this.#admit(call, access),
      );
      this.#server.addService(definition, implementation);
    }
  }

  /**
   * Listens. Call it when there is a revision to serve (XDS-135); streams that come before wait for one. Rejects when
   * the address is in use. Aborting `signal` is `close`.
   */
  async start({ signal }: { readonly signal?: AbortSignal } = {}): Promise<{ readonly port: number }> {
    signal?.throwIfAborted();
    const { address = "127.0.0.1:18000" } = this.#options;
    const take = this.acceptor();
    this.#gate = new ConnectionGate({
      limits: this.#limits,
      isTls: this.#options.credentials !== undefined,
      socketMode: this.#options.socketMode,
      take: (socket, onOver) => {
        socket.once("close", onOver);
        take(socket);
      },
      onRefused: (from, reason) => this.#options.onRefusedConnection?.(from, reason),
    });
    const port = await this.#gate.listen(address);
    this.#isListening = true;
    const close = () => void this.close();
    signal?.addEventListener("abort", close, { once: true });
    this.#unlinkSignal = () => signal?.removeEventListener("abort", close);
    return { port };
  }

  /**
   * What takes connections that somebody else accepts and counts, in place of `start`. Nothing may have been read from
   * them.
   */
  acceptor(): (socket: Socket) => void {
    const { credentials = ServerCredentials.createInsecure() } = this.#options;
    const injector = this.#server.createConnectionInjector(credentials);
    return (socket) =>
      this.#slices.do(() => {
        injector.injectConnection(socket);
        this.#slices.charge(connectionMs);
      });
  }

  /** Serves this revision to all nodes from now on: `serve` without a candidate. */
  setRevision(revision: Revision): void {
    this.serve({ stable: revision });
  }

  /**
   * Serves each node from now on what `revisionFor` says. Streams are given what changed for them, a slice at a time;
   * those for which nothing changed cost no more than the question.
   */
  serve(serving: Serving): void {
    const before = this.#serving;
    this.#serving = serving;
    if (this.#closing) return;
    this.#health.set(true);
    const visit = (stream: AdsStream) => {
      if (stream.node && this.#assign(stream, stream.node)) stream.pump();
    };
    this.#fanOut.run(this.#streams.values(), visit, this.#encode(before, serving));
  }

  /** Encodes what is new, a few resources a step, so that no stream has to do it for all of them in one turn. */
  *#encode(before: Serving | undefined, serving: Serving): Generator<undefined, void> {
    const { responses } = this.#common.shared;
    let count = 0;
    for (const resource of newResources(before, serving)) {
      responses.prepare(resource);
      count += 1;
      if (count % thingsPerStep === 0) yield;
    }
  }

  /** True from `start` to `close`, while clients can connect. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** How an open stream stands. */
  stream(streamId: number): StreamStatus | undefined {
    return this.#streams.get(streamId)?.status;
  }

  /** How every open stream stands. */
  streams(): readonly StreamStatus[] {
    return [...this.#streams.values()].map((stream) => stream.status);
  }

  /** How the open streams of a node stand with a resource, for an answer to why it has it or not. */
  async standings(nodeId: string, resource: Named): Promise<readonly StreamStanding[]> {
    const own = [...this.#streams.values()].filter(({ node }) => node?.id === nodeId);
    return own.map((stream) => stream.standing(resource));
  }

  /** All that a node should hold or holds, stream by stream; of one type or of all. */
  async holdings(nodeId: string, typeUrl?: string): Promise<readonly StreamHoldings[]> {
    const own = [...this.#streams.values()].filter(({ node }) => node?.id === nodeId);
    return own.map((stream) => stream.holdings(typeUrl));
  }

  /** No new streams, GOAWAY, then an end to the open ones, spread over the drain time. Nothing else is sent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unlinkSignal?.();
    this.#isListening = false;
    this.#fanOut.stop();
    this.#gate?.close();
    this.#health.set(false);
    this.#health.close();
    for (const call of this.#calls) endCall(call, status.UNAVAILABLE, "the server is shutting down");
    const haveClosed = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    await drainStreams(this.#streams.values(), this.#options.drainMs ?? 5_000, this.#clock);
    const isOver = new Promise<void>((resolve) => {
      void haveClosed.then(this.#clock.after(closeGraceMs, resolve));
    });
    await Promise.race([haveClosed, isOver]);
    this.#server.forceShutdown();
  }

  /** True when the stream has another place now. */
  #assign(stream: AdsStream, node: Node): boolean {
    const served = this.#serving && revisionFor(this.#serving, node, this.#options.groupOf);
    const before = stream.served;
    if (served && before?.revision === served.revision && before.group === served.group) return false;
    const refusal = this.#refusalOf(stream, served);
    if (refusal !== undefined) {
      stream.end(status.PERMISSION_DENIED, refusal);
      return false;
    }
    stream.session.assign(served?.group?.snapshot);
    stream.assigned(served);
    return true;
  }

  /** Why the client may not have the types that it has asked for of its group, or undefined when it may. */
  #refusalOf({ principals, node, session }: AdsStream, served: Served | undefined): string | undefined {
    const policy = served?.revision.authorization;
    if (!policy) return undefined;
    const types = session.status.map(({ typeUrl }) => typeUrl);
    return accessRefusal(policy, { principals, nodeId: node?.id ?? "", group: served.group?.name, types });
  }

  #admit(call: RawCall, access: GrpcService["access"]): Caller | undefined {
    // Operators ask about the whole fleet: for them the rules change when a rollout is through.
    const policy = () => this.#serving?.stable.authorization;
    if (access === "everybody") return { nodeRefusal: () => undefined };
    const identity = identityOf(call, this.#options.tokens);
    if (identity.kind === "refused") {
      endCall(call, status.UNAUTHENTICATED, identity.reason);
      return undefined;
    }
    const { principals } = identity;
    const rules = policy();
    const refusal = access === "operators" && rules ? operatorRefusal(rules, principals) : undefined;
    if (refusal !== undefined) {
      endCall(call, status.PERMISSION_DENIED, refusal);
      return undefined;
    }
    this.#calls.add(call);
    for (const end of ["finish", "cancelled"]) call.once(end, () => this.#calls.delete(call));
    return {
      nodeRefusal: (nodeId) => {
        const now = policy();
        return now && accessRefusal(now, { principals, nodeId, types: [] });
      },
    };
  }

  #open(kind: StreamKind, service: StreamService, call: RawCall): void {
    const left = takeRequest(this.#limits.streamRate, this.#streamRate, this.#clock.monotonic());
    if (!left) {
      this.#refuseStream(call);
      return;
    }
    this.#streamRate = left;
    const identity = identityOf(call, this.#options.tokens);
    this.#streamCount += 1;
    const streamId = this.#streamCount;
    const stream = new AdsStream({
      streamId,
      kind,
      service,
      call,
      session: new Session({ kind, service, beatPhase: phaseOf(streamId), ...this.#common }),
      principals: identity.kind === "known" ? identity.principals : [],
      host: this.#host,
    });
    this.#streams.set(streamId, stream);
    stream.open();
    if (identity.kind === "refused") stream.end(status.UNAUTHENTICATED, identity.reason);
    else if (this.#closing) stream.end(status.UNAVAILABLE, "the server is shutting down");
  }

  /** Nothing is made for it, so that those who are let in stay fast. */
  #refuseStream(call: RawCall): void {
    const { perSecond, burst } = this.#limits.streamRate;
    const reason = `too many streams are opened: limit is ${perSecond} a second and ${burst} at once`;
    this.#options.onRefusedConnection?.(call.getPeer(), reason);
    endCall(call, status.UNAVAILABLE, reason);
  }

  /** XDS-60: refusals outlive their stream. */
  #note({ node }: AdsStream, event: XdsEvent): void {
    if (node && event.kind === "acked") this.#refusals.noteAck(node.id, event.typeUrl);
    if (node && event.kind === "nacked") this.#refusals.noteRefusal(node.id, event.typeUrl, event.atMs);
    this.#options.onEvent?.(event);
  }
}

function identityOf(call: RawCall, tokens: TokenCheck | undefined): Identity {
  const [authorization] = call.metadata.get("authorization");
  return identify(
    { certificate: call.getAuthContext().sslPeerCertificate, authorization: authorization?.toString() },
    tokens,
  );
}

/** Multiples of the golden ratio: however many streams there are, their phases lie far apart. */
function phaseOf(streamId: number): number {
  return (streamId * 0.618_033_988_75) % 1;
}
