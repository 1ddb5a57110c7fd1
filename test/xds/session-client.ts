import type { Node } from "../../src/snapshot/node.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { Remark, StreamKind, StreamService } from "../../src/xds/events.ts";
import { InterestPool } from "../../src/xds/interest-pool.ts";
import { OrderViews } from "../../src/xds/order-views.ts";
import { ResponseCache } from "../../src/xds/response.ts";
import type { Response } from "../../src/xds/response.ts";
import { Session, type Outcome } from "../../src/xds/session.ts";
import { traitsWith, v3Types } from "../../src/xds/type-traits.ts";
import { Views } from "../../src/xds/views.ts";
import { WireWriter } from "../../src/xds/wire.ts";

export type Label = "CDS" | "EDS" | "LDS" | "RDS" | "SRDS" | "VHDS" | "SDS" | "ECDS" | "RTDS";

export function urlOf(label: string): string {
  return v3Types.find((traits) => traits.label === label)?.typeUrl ?? label;
}

function labelOf(typeUrl: string): string {
  return v3Types.find((traits) => traits.typeUrl === typeUrl)?.label ?? typeUrl;
}

/** Resources by type and name; the text stands for the content: `{CDS: {a: "1"}}`. `ttl 9s` at its end is a TTL. */
export type Contents = Partial<Record<Label, Readonly<Record<string, string>>>>;

/** A Cluster of type EDS: name, `type: EDS`, and the text as its alt_stat_name-like filler in an unknown field. */
export function edsCluster(name: string, serviceName = "", text = ""): string {
  const writer = new WireWriter(
    2 + name.length + 2 + 2 + (serviceName ? 2 + serviceName.length : 0) + 2 + text.length,
  );
  writer.blob(1, Buffer.from(name));
  writer.blob(15, Buffer.from(text));
  writer.open(3, serviceName ? 2 + serviceName.length : 0);
  if (serviceName) writer.blob(2, Buffer.from(serviceName));
  // `type`, field 2, a varint: 3 is EDS.
  return Buffer.concat([writer.bytes.subarray(0, writer.bytes.length - 2), Buffer.from([0x10, 3])]).toString(
    "latin1",
  );
}

export function snapshotOf(contents: Contents, previous?: Snapshot): Snapshot {
  const inputs = Object.entries(contents).flatMap(([label, resources]) =>
    Object.entries(resources).map(([name, text]) => ({
      typeUrl: urlOf(label),
      name,
      bytes: Buffer.from(text, "latin1"),
      ...ttlIn(text),
    })),
  );
  return Snapshot.of(inputs, previous);
}

function ttlIn(text: string): { readonly ttlMs?: number } {
  const seconds = /ttl (\d+)s$/.exec(text)?.[1];
  return seconds === undefined ? {} : { ttlMs: Number(seconds) * 1000 };
}

/** What a response says, for comparison. */
export interface Said {
  readonly type: string;
  readonly names: readonly string[];
  readonly removed?: readonly string[];
}

interface SotwWords {
  readonly names?: readonly string[];
  readonly nonce?: string;
  readonly version?: string;
  readonly error?: string;
}

interface DeltaWords {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly initial?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  readonly error?: string;
}

/** What the sessions of one server share. With `order`, a text names others by label and name: `CDS/a RDS/r`. */
export function newServer({ order = false } = {}) {
  const shared = { views: new Views(), responses: new ResponseCache("test") };
  return {
    shared: order ? { ...shared, order: new OrderViews(referencesInText) } : shared,
    interests: new InterestPool(),
  };
}

function referencesInText({ bytes }: { readonly bytes: Buffer }) {
  return [...bytes.toString("latin1").matchAll(/([A-Z]+)\/(\w+)/g)].map(([, label = "", name = ""]) => ({
    typeUrl: urlOf(label),
    name,
  }));
}

export interface ClientOptions {
  readonly service?: StreamService;
  readonly server?: ReturnType<typeof newServer>;
  readonly isDistrusted?: (nodeId: string, typeUrl: string) => boolean;
  readonly maxNames?: number;
  readonly beatPhase?: number;
  readonly node?: Partial<Node>;
}

/** A session and the words of a client to it. The node is known and the snapshot assigned from the first request on. */
export class SessionClient {
  readonly session: Session;
  /** Monotonic time, for the deadlines of order. */
  nowMs = 0;
  /** What the session remarked on when it was asked for responses. */
  readonly remarks: Remark[] = [];
  readonly #kind: StreamKind;
  readonly #nodeSaid: Node;
  #snapshot: Snapshot | undefined;
  #last = new Map<string, Response>();
  #names = new Map<string, readonly string[]>();
  #accepted = new Map<string, string>();

  constructor(kind: StreamKind, contents?: Contents, options: ClientOptions = {}) {
    const {
      service = { kind: "ads" },
      server = newServer(),
      isDistrusted = () => false,
      maxNames = 1000,
      beatPhase = 0,
      node = {},
    } = options;
    this.#nodeSaid = { ...testNode, ...node };
    this.#kind = kind;
    this.session = new Session({
      kind,
      service,
      traitsOf: traitsWith((typeUrl) => typeUrl.startsWith("type.googleapis.com/acme.")),
      ...server,
      maxNames,
      orderTimeoutMs: 20_000,
      beatPhase,
      isDistrusted,
    });
    if (contents) this.set(contents);
  }

  get snapshot(): Snapshot {
    return this.#snapshot ?? Snapshot.of([]);
  }

  /** A new revision of the node's group. */
  set(contents: Contents): this {
    this.#snapshot = snapshotOf(contents, this.#snapshot);
    this.session.assign(this.#snapshot);
    return this;
  }

  /** A SotW request; the nonce and version default to those of the last response and ACK, the names to the last ones. */
  sotw(label: string, words: SotwWords = {}): readonly Outcome[] {
    const typeUrl = urlOf(label);
    const names = words.names ?? this.#names.get(typeUrl) ?? [];
    this.#names.set(typeUrl, names);
    return this.#receive({
      kind: "sotw",
      ...this.#node(),
      typeUrl,
      names: { encoded: Buffer.from(names.join("\0")), decode: () => names },
      versionInfo: words.version ?? this.#accepted.get(typeUrl) ?? "",
      responseNonce: words.nonce ?? this.#last.get(typeUrl)?.nonce ?? "",
      ...(words.error !== undefined && { errorDetail: { code: 13, message: words.error } }),
    });
  }

  delta(label: string, words: DeltaWords = {}): readonly Outcome[] {
    return this.#receive({
      kind: "delta",
      ...this.#node(),
      typeUrl: urlOf(label),
      subscribe: words.subscribe ?? [],
      unsubscribe: words.unsubscribe ?? [],
      initialResourceVersions: new Map(Object.entries(words.initial ?? {})),
      responseNonce: words.nonce ?? "",
      ...(words.error !== undefined && { errorDetail: { code: 13, message: words.error } }),
    });
  }

  #node() {
    return this.session.node ? {} : { node: this.#nodeSaid };
  }

  #receive(request: Parameters<Session["receive"]>[0]): readonly Outcome[] {
    const outcomes = this.session.receive(request, 1000);
    if (outcomes[0]?.kind === "node") this.session.assign(this.#snapshot);
    return outcomes;
  }

  /** The next response, or undefined when none is due. */
  next():
    | (Said & { readonly nonce: string; readonly version: string; readonly response: Response })
    | undefined {
    let next = this.session.next(this.nowMs);
    for (; next?.kind === "remark"; next = this.session.next(this.nowMs)) this.remarks.push(next.remark);
    if (!next) return undefined;
    const { response } = next;
    const { typeUrl, resources, removed, version } = response.plan;
    this.#last.set(typeUrl, response);
    return {
      type: labelOf(typeUrl),
      names: resources.map(({ name }) => name),
      ...(this.#kind === "delta" && { removed }),
      nonce: response.nonce,
      version,
      response,
    };
  }

  /** All responses that are due, none of them answered: `CDS a b`, in delta `CDS a b -c`. */
  drain(): readonly string[] {
    const said: string[] = [];
    for (let response = this.next(); response; response = this.next()) {
      const removed = (response.removed ?? []).map((name) => `-${name}`);
      const beat = response.response.plan.isHeartbeat ? "heartbeat" : [];
      said.push([response.type, beat, ...response.names, ...removed].flat().join(" "));
    }
    return said;
  }

  /** ACKs the last response of a type. */
  ack(label: string, words: SotwWords & DeltaWords = {}): readonly Outcome[] {
    const last = this.#last.get(urlOf(label));
    this.#accepted.set(urlOf(label), last?.plan.version ?? "");
    return this.#kind === "sotw"
      ? this.sotw(label, words)
      : this.delta(label, { nonce: last?.nonce ?? "", ...words });
  }

  /** Refuses the last response of a type. */
  nack(label: string, words: SotwWords & DeltaWords = {}): readonly Outcome[] {
    const error = words.error ?? "refused";
    const nonce = this.#last.get(urlOf(label))?.nonce ?? "";
    return this.#kind === "sotw"
      ? this.sotw(label, { ...words, error })
      : this.delta(label, { nonce, ...words, error });
  }

  /** Takes and ACKs all that is due, until nothing more comes. */
  settle(): readonly string[] {
    const said: string[] = [];
    for (let due = this.drain(); due.length > 0; due = this.drain()) {
      said.push(...due);
      for (const line of due) this.ack(line.split(" ")[0]!);
    }
    return said;
  }
}

export const testNode = {
  id: "node-1",
  cluster: "edge",
  locality: { region: "", zone: "", sub_zone: "" },
  userAgentName: "envoy",
  userAgentVersion: "1.40.0",
  clientFeatures: [],
};
