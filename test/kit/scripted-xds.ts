import type { ServerDuplexStream } from "@grpc/grpc-js";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { once } from "node:events";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  RUNTIME,
  SCOPED_ROUTE_CONFIGURATION,
  SECRET,
  TYPED_EXTENSION_CONFIG,
} from "../../src/schema/type-urls.ts";
import { aggregatedMethod, methodOf } from "../../data-plane/xds-client/methods.ts";

/** A list that can be awaited: what came before anybody asked waits, who asked before waits. */
class Arrivals<Value> {
  #values: Value[] = [];
  #takers: { readonly wants: (value: Value) => boolean; readonly take: (value: Value) => void }[] = [];

  push(value: Value): void {
    const taker = this.#takers.find(({ wants }) => wants(value));
    if (!taker) {
      this.#values.push(value);
      return;
    }
    this.#takers = this.#takers.filter((other) => other !== taker);
    taker.take(value);
  }

  /** Takes out the first that is wanted; the others stay. */
  next(wants: (value: Value) => boolean = () => true): Promise<Value> {
    const index = this.#values.findIndex(wants);
    if (index < 0) return new Promise((take) => this.#takers.push({ wants, take }));
    const [value] = this.#values.splice(index, 1);
    return Promise.resolve(value!);
  }

  /** What is there and not taken. */
  pending(): readonly Value[] {
    return this.#values;
  }
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** One stream of a client, as a script sees it. */
export class ScriptedStream {
  /** `/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources`. */
  readonly path: string;
  readonly #call: Call;
  readonly #schema: Schema;
  readonly #requests = new Arrivals<Message>();

  constructor(path: string, call: Call, schema: Schema) {
    this.path = path;
    this.#call = call;
    this.#schema = schema;
    call.on("data", (bytes: Buffer) => this.#requests.push(schema.decode(this.#typeName("Request"), bytes)));
    // A client that goes away is what many scripts are about.
    call.on("error", () => undefined);
    call.on("end", () => call.end());
  }

  get isDelta(): boolean {
    return /\/Delta[A-Za-z]+$/.test(this.path);
  }

  /** `initial_metadata` as it arrived. */
  metadata(name: string): readonly (string | Buffer)[] {
    return this.#call.metadata.get(name);
  }

  /** The next request, in order of arrival. */
  next(): Promise<Message> {
    return this.#requests.next();
  }

  /** The next request of a type; those of others stay where they are. */
  nextOf(typeUrl: string): Promise<Message> {
    return this.#requests.next((request) => request["type_url"] === typeUrl);
  }

  /** Requests that arrived and were not asked for. */
  pending(): readonly Message[] {
    return this.#requests.pending();
  }

  /** A DiscoveryResponse or DeltaDiscoveryResponse, in the sparse form. */
  send(response: Message): void {
    this.#call.write(this.#schema.encode(this.#typeName("Response"), response));
  }

  /** Bytes that need not be a response. */
  sendBytes(bytes: Buffer): void {
    this.#call.write(bytes);
  }

  /** State of the world: every resource of a type by its message. */
  sendAll(typeUrl: string, version: string, nonce: string, resources: readonly Message[]): void {
    this.send({
      type_url: typeUrl,
      version_info: version,
      nonce,
      ...(resources.length > 0 ? { resources: resources.map((message) => this.any(typeUrl, message)) } : {}),
    });
  }

  /** Delta: resources by name, each with its version. */
  sendChanges(
    typeUrl: string,
    nonce: string,
    resources: Readonly<Record<string, readonly [version: string, message: Message]>>,
    removed: readonly string[] = [],
  ): void {
    const wrapped = Object.entries(resources).map(([name, [version, message]]) => ({
      name,
      version,
      resource: this.any(typeUrl, message),
    }));
    this.send({
      type_url: typeUrl,
      nonce,
      ...(wrapped.length > 0 ? { resources: wrapped } : {}),
      ...(removed.length > 0 ? { removed_resources: removed } : {}),
    });
  }

  /** Resolves when the client ended the stream. */
  async cancelled(): Promise<void> {
    if (!this.#call.cancelled) await once(this.#call, "cancelled");
  }

  /** Ends the stream with OK. */
  end(): void {
    this.#call.end();
  }

  /** Ends the stream with another status. */
  fail(code: number, details: string): void {
    this.#call.emit("error", { code, details });
  }

  any(typeUrl: string, message: Message): Message {
    return {
      type_url: typeUrl,
      value: this.#schema.encode(typeUrl.slice(typeUrl.indexOf("/") + 1), message),
    };
  }

  #typeName(kind: "Request" | "Response"): string {
    return `envoy.service.discovery.v3.${this.isDelta ? "Delta" : ""}Discovery${kind}`;
  }
}

/** An xDS server that does what a test tells it to, and nothing by itself. */
export class ScriptedXds implements AsyncDisposable {
  readonly schema: Schema;
  readonly port: number;
  readonly #server: Server;
  readonly #streams: Arrivals<ScriptedStream>;

  private constructor(server: Server, port: number, schema: Schema, streams: Arrivals<ScriptedStream>) {
    this.#server = server;
    this.port = port;
    this.schema = schema;
    this.#streams = streams;
  }

  /** Listens on loopback; `port` 0 takes any. */
  static async start(
    options: { readonly schema?: Schema; readonly port?: number } = {},
  ): Promise<ScriptedXds> {
    const schema = options.schema ?? new Schema(loadDescriptors());
    const streams = new Arrivals<ScriptedStream>();
    const server = new Server({ "grpc.max_receive_message_length": -1 });
    for (const path of paths()) {
      const handle = (call: Call) => streams.push(new ScriptedStream(path, call, schema));
      server.register<Buffer, Buffer>(path, handle, asIs, asIs, "bidi");
    }
    const port = await new Promise<number>((resolve, reject) => {
      const address = `127.0.0.1:${options.port ?? 0}`;
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return new ScriptedXds(server, port, schema, streams);
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The next stream that a client opens. */
  stream(): Promise<ScriptedStream> {
    return this.#streams.next();
  }

  /** Cuts all connections at once, as a kill would. */
  kill(): void {
    this.#server.forceShutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    return Promise.resolve();
  }
}

const asIs = (bytes: Buffer) => bytes;

function paths(): string[] {
  const types = [
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE_CONFIGURATION,
    SECRET,
    RUNTIME,
    TYPED_EXTENSION_CONFIG,
  ];
  return (["sotw", "delta"] as const).flatMap((mode) => [
    aggregatedMethod(mode),
    ...types.flatMap((typeUrl) => methodOf(typeUrl, mode) ?? []),
  ]);
}
