import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { Current } from "../../base/current.ts";
import { unreachable } from "../../base/unreachable.ts";
import { resourceTypeOf } from "../../config/resource-types.ts";
import type { LoadSink } from "../../fleet/loads.ts";
import type { Schema } from "../../schema/schema.ts";
import type { UserTypePaths } from "../../schema/user-types/load-user-types.ts";
import { RefusalMemory } from "../../xds/refusal-memory.ts";
import { type AdsServer, createAdsServer } from "../ads-server.ts";
import { type Token, tokenNameOf } from "../auth/tokens.ts";
import { CallError } from "../services/grpc-service.ts";
import { operatorServices } from "../services/operator-services.ts";
import { ReloadingCredentials } from "../tls/reloading-credentials.ts";
import { ContentUnpacker } from "./content-unpacker.ts";
import type { MainLink } from "./main-link.ts";
import type { Answer, ClientStatusAnswer, Question, ToWorker, Usage, WorkerSetup } from "./messages.ts";
import { Reporter } from "./reporter.ts";

export interface WorkerServerOptions {
  readonly main: MainLink;
  readonly clock: Clock;
  /** The Envoy API with the users' types. */
  readonly schemaWith: (paths: UserTypePaths) => Promise<Schema>;
  /** What the process has cost so far. */
  readonly usage: () => Usage;
}

const usageEveryMs = 5_000;
/** A client that has not taken what was written is looked at again after this time. */
const lookAgainMs = 250;

/** Serves as a worker: the connections, the content and the rules are those that the main process sends. */
export class WorkerServer {
  readonly #options: WorkerServerOptions;
  readonly #reporter: Reporter;
  readonly #unpacker = new ContentUnpacker();
  readonly #refusals = new RefusalMemory();
  readonly #tokens = new Current<readonly Token[]>([]);
  /** Calls of CSDS that the main process has not answered yet. */
  readonly #asked = new Map<number, (answer: ClientStatusAnswer) => void>();
  #askCount = 0;
  #credentials: ReloadingCredentials | undefined;
  #server: AdsServer | undefined;
  #accept: ((socket: Socket) => void) | undefined;
  #reporting: "idle" | "due" | "sending" = "idle";
  #isReportDue = false;

  constructor(options: WorkerServerOptions) {
    this.#options = options;
    this.#reporter = new Reporter((streamId) => this.#server?.stream(streamId));
  }

  /** Serves until the main process has had it drain; resolves when all is reported. Rejects when it cannot start. */
  run(): Promise<void> {
    const { main } = this.#options;
    return new Promise((resolve, reject) => {
      main.onMessage((message, socket) => {
        if (message.kind === "start") this.#start(message.setup).catch(reject);
        else if (message.kind === "drain") this.#drain().then(resolve, reject);
        else this.#take(message, socket);
      });
      main.send({ kind: "up" });
    });
  }

  async #start(setup: WorkerSetup): Promise<void> {
    const { main, clock, schemaWith } = this.#options;
    const { tls, tokens, refusals } = setup;
    const schema = await schemaWith(setup.userTypes);
    const reporter = this.#reporter;
    for (const { nodeId, typeUrl, atMs } of refusals) this.#refusals.noteRefusal(nodeId, typeUrl, atMs);
    if (tls) this.#credentials = new ReloadingCredentials(tls.material, tls.allowsCertless);
    if (tokens) this.#tokens.replace(tokens);
    const report = <Args extends unknown[]>(note: (...args: Args) => void) => {
      return (...args: Args) => {
        note(...args);
        this.#reportSoon();
      };
    };
    const loads: LoadSink = {
      join: report((node) => reporter.noteLoad({ kind: "joined", node })),
      add: report((node, reports, atMs) => reporter.noteLoad({ kind: "reported", node, reports, atMs })),
      leave: report((node) => reporter.noteLoad({ kind: "left", node })),
    };
    this.#server = createAdsServer({
      isOwnType: (typeUrl) => resourceTypeOf(typeUrl, schema.descriptors) !== undefined,
      ...(this.#credentials && { credentials: this.#credentials }),
      ...(tokens && { tokens: { nameOf: (header) => tokenNameOf(this.#tokens.value, header) } }),
      identifier: setup.identifier,
      services: operatorServices({
        schema,
        clock,
        loads,
        clientStatus: (request) => this.#askClientStatus(request),
      }),
      drainMs: setup.drainMs,
      limits: setup.limits,
      clock,
      refusals: this.#refusals,
      referencesOf: this.#unpacker.referencesOf,
      onEvent: report((event) => reporter.note(event)),
      onRequest: report((typeUrl) => reporter.noteRequest(typeUrl)),
      onPushed: report((push) => reporter.notePush(push)),
      onRefusedConnection: report((peer, reason) => reporter.noteRefused(peer, reason)),
    });
    this.#accept = this.#server.acceptor();
    this.#tellUsage();
    main.send({ kind: "started" });
  }

  #take(message: Exclude<ToWorker, { kind: "start" | "drain" }>, socket: Socket | undefined): void {
    const { main } = this.#options;
    switch (message.kind) {
      case "content": {
        const serving = this.#unpacker.take(message.part);
        if (!serving) return;
        this.#server?.serve(serving);
        main.send({ kind: "served" });
        return;
      }
      case "connection":
        return this.#takeConnection(message.id, socket);
      case "certificates":
        return this.#credentials?.replace(message.material);
      case "tokens":
        return this.#tokens.replace(message.tokens);
      case "refused": {
        const { nodeId, typeUrl, atMs } = message.refusal;
        return this.#refusals.noteRefusal(nodeId, typeUrl, atMs);
      }
      case "accepted":
        return this.#refusals.noteAck(message.nodeId, message.typeUrl);
      case "ask":
        void this.#answer(message.id, message.question);
        return;
      case "answer":
        this.#asked.get(message.id)?.(message.answer);
        this.#asked.delete(message.id);
        return;
      case "ping":
        return main.send({ kind: "pong", id: message.id });
      default:
        unreachable(message);
    }
  }

  #takeConnection(id: number, socket: Socket | undefined): void {
    this.#options.main.send({ kind: "taken", id });
    const isOver = () => {
      this.#reporter.noteConnectionOver(id);
      this.#reportSoon();
    };
    if (!socket || socket.destroyed) return isOver();
    socket.once("close", isOver);
    this.#accept?.(socket);
  }

  async #answer(id: number, question: Question): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const answer: Answer =
      question.kind === "standings"
        ? { kind: "standings", standings: await server.standings(question.nodeId, question.resource) }
        : { kind: "holdings", holdings: await server.holdings(question.nodeId, question.typeUrl) };
    this.#options.main.send({ kind: "answer", id, answer });
  }

  /** Only the main process knows all clients. */
  #askClientStatus(request: Buffer): Promise<Buffer> {
    this.#askCount += 1;
    const id = this.#askCount;
    // What this worker has to say itself is to be known there first.
    this.#report();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, (answer) => {
        if (answer.kind === "message") resolve(answer.bytes);
        else reject(new CallError(answer.code, answer.details));
      });
      this.#options.main.send({ kind: "ask", id, request });
    });
  }

  #reportSoon(): void {
    this.#isReportDue = true;
    if (this.#reporting !== "idle") return;
    this.#reporting = "due";
    setImmediate(() => {
      if (this.#reporting === "due") this.#report();
    });
  }

  /** The next report is made when the channel has taken this one: a main process that is busy gets fewer, larger ones. */
  #report(): void {
    const { main, clock } = this.#options;
    this.#reporting = "sending";
    this.#isReportDue = false;
    main.send({ kind: "report", report: this.#reporter.take() }, () => {
      this.#reporting = "idle";
      if (this.#isReportDue) this.#reportSoon();
      else if (this.#reporter.hasUnwritten) clock.after(lookAgainMs, () => this.#reportSoon());
    });
  }

  #tellUsage(): void {
    const { main, clock, usage } = this.#options;
    main.send({ kind: "usage", usage: usage() });
    clock.after(usageEveryMs, () => this.#tellUsage());
  }

  async #drain(): Promise<void> {
    await this.#server?.close();
    const { main } = this.#options;
    await new Promise<void>((resolve) => {
      main.send({ kind: "report", report: this.#reporter.take() }, resolve);
    });
  }
}
