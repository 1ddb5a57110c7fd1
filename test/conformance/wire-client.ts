import { envoyReferences } from "../../src/config/envoy-references.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { createAdsServer, type AdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { StreamKind } from "../../src/xds/events.ts";
import {
  adsDelta,
  adsSotw,
  RawXdsClient,
  type RawResponse,
  type RawXdsStream,
} from "../kit/raw-xds-client.ts";
import { urlOf, type Label } from "../xds/session-client.ts";

/** Resources by type and name; the text stands for the content. */
export type Contents = Partial<Record<Label, Readonly<Record<string, string>>>>;

const barrierUrl = "type.googleapis.com/acme.Barrier";
const barriers = Array.from({ length: 200 }, (_, index) => `barrier-${index}`);

/**
 * Bytes that say name and content in a field that no type of Envoy has, so that every type reads them as an empty
 * message: state of the world tells no names of its own.
 */
function bytesOf(name: string, text: string): Buffer {
  const said = Buffer.from(`${name}=${text}`);
  // Field 536,870,911, the last there is, length-delimited; texts of tests are short.
  return Buffer.concat([Buffer.from([0xfa, 0xff, 0xff, 0xff, 0x0f, said.length]), said]);
}

function nameIn(value: Buffer): string {
  return value.toString("utf8", 6).split("=")[0] ?? "";
}

function snapshotOf(contents: Contents, previous: Snapshot | undefined): Snapshot {
  const barrier = barriers.map((name) => ({ typeUrl: barrierUrl, name, bytes: bytesOf(name, "") }));
  const resources = Object.entries(contents).flatMap(([label, all]) =>
    Object.entries(all).map(([name, text]) => ({ typeUrl: urlOf(label), name, bytes: bytesOf(name, text) })),
  );
  return Snapshot.of([...resources, ...barrier], previous);
}

/** A server on a free port with one group for all nodes. */
export class WireServer implements AsyncDisposable {
  readonly server: AdsServer;
  readonly #client: RawXdsClient;
  #snapshot: Snapshot | undefined;

  private constructor(server: AdsServer, port: number) {
    this.server = server;
    this.#client = new RawXdsClient(port);
  }

  static async start(contents: Contents): Promise<WireServer> {
    const server = createAdsServer({
      address: "127.0.0.1:0",
      drainMs: 0,
      isOwnType: (typeUrl) => typeUrl === barrierUrl,
      referencesOf: envoyReferences(new Schema(loadDescriptors())),
    });
    const { port } = await server.start();
    const wire = new WireServer(server, port);
    wire.set(contents);
    return wire;
  }

  /** Another revision. Streams that are open have what differs due when this returns. */
  set(contents: Contents): void {
    this.#snapshot = snapshotOf(contents, this.#snapshot);
    const groups = [{ name: "all", match: {}, snapshot: this.#snapshot }];
    this.server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  }

  /** The version of a resource, as a delta client would state it. */
  versionOf(label: Label, name: string): string {
    return this.#snapshot?.typeSet(urlOf(label)).resources.get(name)?.version ?? "";
  }

  /** The version of all resources of a type. */
  setVersionOf(label: Label): string {
    return this.#snapshot?.typeSet(urlOf(label)).version ?? "";
  }

  /** A new aggregated stream of the node `node-1`. */
  open(kind: StreamKind): WireClient {
    return new WireClient(this.#client.open(kind === "sotw" ? adsSotw : adsDelta), kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
    await this.server.close();
  }
}

export interface Words {
  /** SotW: the whole list, that of the last request unless given. Delta: names to subscribe to. */
  readonly names?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly initial?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  readonly version?: string;
  readonly error?: string;
}

/** A client on the wire that says what it is told to, and reads responses as `CDS a b -c`. */
export class WireClient {
  readonly stream: RawXdsStream;
  readonly #kind: StreamKind;
  #isFirst = true;
  #barriers = 0;
  readonly #last = new Map<string, RawResponse>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #accepted = new Map<string, string>();

  constructor(stream: RawXdsStream, kind: StreamKind) {
    this.stream = stream;
    this.#kind = kind;
  }

  /** A request; about no response unless it says so. */
  ask(label: string, words: Words = {}): void {
    const typeUrl = urlOf(label);
    const { nonce = "", error } = words;
    const common = {
      ...(this.#isFirst && { node: { id: "node-1", user_agent_name: "envoy" } }),
      type_url: typeUrl,
      response_nonce: nonce,
      ...(error !== undefined && { error_detail: { code: 13, message: error } }),
    };
    this.#isFirst = false;
    if (this.#kind === "delta") {
      this.stream.send({
        ...common,
        resource_names_subscribe: words.names ?? [],
        resource_names_unsubscribe: words.unsubscribe ?? [],
        initial_resource_versions: words.initial ?? {},
      });
      return;
    }
    const names = words.names ?? this.#names.get(typeUrl) ?? [];
    this.#names.set(typeUrl, names);
    const version_info = words.version ?? this.#accepted.get(typeUrl) ?? "";
    this.stream.send({ ...common, version_info, resource_names: names });
  }

  /** Accepts the last response of a type. */
  ack(label: string, words: Words = {}): void {
    const { nonce = "", version = "" } = this.last(label) ?? {};
    this.#accepted.set(urlOf(label), version);
    this.ask(label, { nonce, ...words });
  }

  /** Refuses the last response of a type. */
  nack(label: string, words: Words = {}): void {
    this.ask(label, { nonce: this.last(label)?.nonce ?? "", error: "refused", ...words });
  }

  /** The last response of a type. */
  last(label: string): RawResponse | undefined {
    return this.#last.get(urlOf(label));
  }

  /** All responses that are due now, none of them answered; it waits until there can be no more. */
  async due(): Promise<readonly string[]> {
    const name = barriers[this.#barriers++];
    if (name === undefined) throw new Error("the test asks more often than there are barriers");
    // Types of users come last, so that its answer comes after all else.
    this.ask(barrierUrl, { names: [name], nonce: this.#last.get(barrierUrl)?.nonce ?? "" });
    const said: string[] = [];
    for (;;) {
      const response = await this.stream.next();
      this.#last.set(response.typeUrl, response);
      if (response.typeUrl === barrierUrl) break;
      said.push(wordsOf(response));
    }
    this.ack(barrierUrl, { names: this.#kind === "sotw" ? [name] : [] });
    return said;
  }

  /** Takes and accepts all that is due, until nothing more comes. */
  async settle(): Promise<readonly string[]> {
    const said: string[] = [];
    for (let due = await this.due(); due.length > 0; due = await this.due()) {
      said.push(...due);
      for (const line of due) this.ack(line.split(" ")[0]!);
    }
    return said;
  }
}

const labels: readonly Label[] = ["CDS", "EDS", "LDS", "RDS", "SRDS", "VHDS", "SDS", "ECDS", "RTDS"];

function wordsOf({ typeUrl, resources, removed }: RawResponse): string {
  const label = labels.find((one) => urlOf(one) === typeUrl) ?? typeUrl;
  const names = resources.map(({ name, value }) => name || nameIn(value));
  return [label, ...names, ...removed.map((name) => `-${name}`)].join(" ");
}
