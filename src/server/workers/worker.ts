import type { Socket } from "node:net";
import { unreachable } from "../../base/unreachable.ts";
import type { LoadSink } from "../../fleet/loads.ts";
import type { Serving } from "../../snapshot/serving.ts";
import type { StreamStatus, XdsEvent } from "../../xds/events.ts";
import type { ReferencesOf } from "../../xds/order-views.ts";
import type { FanOutResult } from "../fan-out.ts";
import type { ContentPart } from "./content.ts";
import { ContentPacker } from "./content-packer.ts";
import type { WorkerProcess } from "./fork-worker.ts";
import type {
  Answer,
  ClientStatusAnswer,
  FromWorker,
  LoadNews,
  Question,
  Report,
  ToWorker,
  Usage,
  WorkerSetup,
} from "./messages.ts";
import { type WorkerEvent, WorkerStreams } from "./worker-streams.ts";

/** What a worker tells those who look after it. */
export interface WorkerHost {
  readonly referencesOf: ReferencesOf;
  readonly loads: LoadSink;
  nextStreamId(): number;
  /** What it is to be started with, now. */
  setup(worker: Worker): WorkerSetup;
  clientStatus(request: Buffer): ClientStatusAnswer;
  onServing(worker: Worker): void;
  /** It can be given another connection. */
  onFree(): void;
  /** It did not get the one that it was given. */
  onLost(worker: Worker): void;
  /** After its streams stand as the events leave them. */
  onEvents(events: readonly WorkerEvent[], worker: Worker): void;
  onRequests(typeUrl: string, count: number): void;
  onPushed(number: number, worker: Worker, push: FanOutResult): void;
  onRefused(peer: string, reason: string, count: number): void;
  onExit(worker: Worker, how: string): void;
}

/** What is served, and its number: the higher, the newer. */
export interface NumberedServing {
  readonly number: number;
  readonly serving: Serving;
}

/** A connection that was accepted, and what is to be done when it is over. */
export interface Accepted {
  readonly socket: Socket;
  readonly onOver: () => void;
}

/**
 * - `starting`: the program loads; it has nothing.
 * - `loading`: it has its set-up, and what is served goes over.
 * - `serving`: it takes connections.
 * - `draining`: it takes none, and ends when its streams have.
 */
type State = "starting" | "loading" | "serving" | "draining";

/** A worker process as the main process has it, from its start to its exit. */
export class Worker {
  readonly #process: WorkerProcess;
  readonly #host: WorkerHost;
  readonly #packer: ContentPacker;
  readonly #streams: WorkerStreams;
  /** What waits for connections that it serves, by their ids. */
  readonly #connections = new Map<number, () => void>();
  readonly #asked = new Map<number, (answer: Answer | undefined) => void>();
  /** Nodes that report loads to it, one entry a stream. */
  readonly #loadNodes: string[] = [];
  /** Numbers of what went over and was not handed to its streams yet. */
  readonly #pushing: number[] = [];
  #state: State = "starting";
  #isUp = false;
  #next: NumberedServing | undefined;
  #isSending = false;
  /** The connection that it has not taken yet. */
  #handing: { readonly id: number; readonly socket: Socket; pingId?: number } | undefined;
  #count = 0;
  /** Beats since it was heard last. */
  #silentBeats = 0;
  /** Why it was killed. */
  #verdict: string | undefined;
  #usage: Usage = { cpuSeconds: 0, residentBytes: 0 };

  constructor(process: WorkerProcess, host: WorkerHost) {
    this.#process = process;
    this.#host = host;
    this.#packer = new ContentPacker(host.referencesOf);
    this.#streams = new WorkerStreams(() => host.nextStreamId());
    process.onMessage((message) => this.#take(message));
    process.onExit((how) => this.#end(how));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get state(): State {
    return this.#state;
  }

  get usage(): Usage {
    return this.#usage;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** True when it can be given a connection. */
  get isFree(): boolean {
    return this.#state === "serving" && !this.#handing;
  }

  streams(): Iterable<StreamStatus> {
    return this.#streams.statuses();
  }

  /** From now on this is served; what was not sent yet is left out. */
  serve(next: NumberedServing): void {
    if (this.#next) this.#leaveOut(this.#next);
    this.#next = next;
    this.#sendNext();
  }

  /** Gives it a connection; call it when it is free. */
  hand({ socket, onOver }: Accepted): void {
    const id = this.#nextId();
    this.#connections.set(id, onOver);
    this.#handing = { id, socket };
    this.#process.send({ kind: "connection", id }, { socket });
  }

  /** Tells it something that needs no answer; before it is started the set-up will say so. */
  tell(message: Extract<ToWorker, { kind: "certificates" | "tokens" | "refused" | "accepted" }>): void {
    if (this.#state !== "starting") this.#process.send(message);
  }

  /** What it has to say of a node's streams; undefined when it has none of the node, or ends before it says it. */
  ask(question: Question): Promise<Answer | undefined> {
    if (!this.#streams.isOfNode(question.nodeId)) return Promise.resolve(undefined);
    const id = this.#nextId();
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#process.send({ kind: "ask", id, question });
    });
  }

  /** Has it drain its streams, and end. */
  drain(): void {
    if (this.#state === "starting") {
      this.kill();
      return;
    }
    this.#state = "draining";
    this.#process.send({ kind: "drain" });
  }

  /** Ends it now; `verdict` is then what it ended of. */
  kill(verdict?: string): void {
    this.#verdict ??= verdict;
    this.#process.kill();
  }

  /**
   * Asks for a sign of life, and answers for how many beats there was none. They are counted rather than timed: a main
   * process that was stopped itself, such as with its machine, hears its workers before the next beat.
   */
  beat(): number {
    if (this.#verdict !== undefined) return 0;
    const silent = this.#silentBeats;
    this.#silentBeats += 1;
    if (this.#isUp) {
      const id = this.#nextId();
      if (this.#handing) this.#handing.pingId ??= id;
      this.#process.send({ kind: "ping", id });
    }
    return silent;
  }

  #nextId(): number {
    this.#count += 1;
    return this.#count;
  }

  #take(message: FromWorker): void {
    this.#silentBeats = 0;
    switch (message.kind) {
      case "up":
        this.#isUp = true;
        this.#process.send({ kind: "start", setup: this.#host.setup(this) });
        return;
      case "started":
        if (this.#state === "starting") this.#state = "loading";
        this.#sendNext();
        return;
      case "served":
        if (this.#state !== "loading") return;
        this.#state = "serving";
        this.#host.onServing(this);
        return;
      case "taken":
        this.#handed();
        return;
      case "report":
        return this.#takeReport(message.report);
      case "usage":
        this.#usage = message.usage;
        return;
      case "pong": {
        // It has read what came after the connection, and the connection did not come: it has no descriptor left for it.
        const { id, pingId } = this.#handing ?? {};
        if (id === undefined || pingId === undefined || message.id < pingId) return;
        this.#endConnection(id);
        this.#host.onLost(this);
        this.#handed();
        return;
      }
      case "ask":
        this.#process.send({
          kind: "answer",
          id: message.id,
          answer: this.#host.clientStatus(message.request),
        });
        return;
      case "answer":
        this.#asked.get(message.id)?.(this.#streams.translate(message.answer));
        this.#asked.delete(message.id);
        return;
      default:
        unreachable(message);
    }
  }

  #takeReport({ events, streams, requests, pushes, loads, connections, refused }: Report): void {
    const host = this.#host;
    for (const [typeUrl, count] of requests) host.onRequests(typeUrl, count);
    host.onEvents(this.#streams.take({ events, streams }), this);
    for (const news of loads) this.#takeLoad(news);
    for (const push of pushes) {
      const number = this.#pushing.shift();
      if (number !== undefined) host.onPushed(number, this, push);
    }
    for (const id of connections) this.#endConnection(id);
    if (refused) host.onRefused(refused.peer, refused.reason, refused.count);
  }

  /** Its last connection is its own, or nobody's. */
  #handed(): void {
    this.#handing?.socket.destroy();
    this.#handing = undefined;
    this.#host.onFree();
  }

  #endConnection(id: number): void {
    this.#connections.get(id)?.();
    this.#connections.delete(id);
  }

  #takeLoad(news: LoadNews): void {
    const { loads } = this.#host;
    const { node } = news;
    switch (news.kind) {
      case "joined":
        this.#loadNodes.push(node);
        return loads.join(node);
      case "reported":
        return loads.add(node, news.reports, news.atMs);
      case "left":
        this.#loadNodes.splice(this.#loadNodes.indexOf(node), 1);
        return loads.leave(node);
      default:
        unreachable(news);
    }
  }

  #sendNext(): void {
    const next = this.#next;
    if (!next || this.#isSending || this.#state === "starting") return;
    this.#next = undefined;
    this.#isSending = true;
    this.#pushing.push(next.number);
    this.#sendParts(this.#packer.pack(next.serving)[Symbol.iterator]());
  }

  /** One after the other, as the channel takes them, so that they do not pile up here. */
  #sendParts(parts: Iterator<ContentPart>): void {
    const { done, value: part } = parts.next();
    if (done) {
      this.#isSending = false;
      this.#sendNext();
      return;
    }
    this.#process.send({ kind: "content", part }, { onTaken: () => this.#sendParts(parts) });
  }

  #leaveOut({ number }: NumberedServing): void {
    this.#host.onPushed(number, this, { tookMs: 0, leftOut: this.#streams.size });
  }

  #end(how: string): void {
    // The one that it was being given is nobody's now.
    this.#handing?.socket.destroy();
    for (const onOver of this.#connections.values()) onOver();
    for (const node of this.#loadNodes) this.#host.loads.leave(node);
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#host.onExit(this, this.#verdict ?? how);
  }

  /** The ends of its streams, once it is over. */
  endStreams(reason: string, atMs: number): readonly XdsEvent[] {
    return this.#streams.end(reason, atMs);
  }
}
