import { unreachable } from "../../src/base/unreachable.ts";
import type { Message } from "../../src/schema/message.ts";
import { RUNTIME, TYPED_EXTENSION_CONFIG } from "../../src/schema/type-urls.ts";
import type { SourcePlan } from "../xds-client/source-plan.ts";
import type {
  FetchEnd,
  NameSubscription,
  NameSubscriptions,
  Refusal,
  ResourceConsumer,
  Update,
  UpdatedResource,
  Verdict,
} from "../xds-client/update.ts";
import type { SentUpdate, XdsFromWorker, XdsToWorker } from "./messages.ts";

/** The parent's end of a worker, as far as the hub needs it. */
export interface WorkerLink {
  sendXds(message: XdsToWorker): void;
}

/** The part of the xDS client that the hub speaks to. */
export type HubClient = Pick<NameSubscriptions, "consume" | "streamOf" | "subscribe" | "subscribeAllFrom"> & {
  subscribeAll(typeUrl: string, plan: SourcePlan): void;
};

export interface XdsHubOptions {
  readonly client: HubClient;
  /** `cds_config` and `lds_config` of the bootstrap, by type URL. */
  readonly plans: ReadonlyMap<string, SourcePlan>;
}

/** Types that are asked for by name and yet go when the server takes them away (XC-48, XC-49); of the others what serves stays (XC-38, XC-46). */
const removable: ReadonlySet<string> = new Set([TYPED_EXTENSION_CONFIG, RUNTIME]);

/** What is known of a type on one stream. */
interface TypeState {
  readonly typeUrl: string;
  /** Which of its messages are of; absent for the types that the bootstrap itself asks for. */
  readonly stream: { readonly stream?: string };
  version: string;
  /** What all workers took, by name: what a worker that comes later is told. */
  readonly taken: Map<string, UpdatedResource>;
  /** Names that were taken away: their first answer is here, and they are not. */
  readonly gone: Set<string>;
  /** Who is told of updates. */
  readonly followers: Set<WorkerLink>;
  /** Names whose first answer will not come for now; the empty name stands for all there is. */
  readonly ended: Map<string, FetchEnd>;
  isSubscribedToAll: boolean;
  hasAnswer: boolean;
  /** Updates and newcomers take turns, so that nobody misses what is on its way. */
  turn: Promise<unknown>;
}

/** A name on the wire, for all workers that want it. */
interface SharedName {
  readonly subscription: NameSubscription;
  holders: number;
}

/** A worker's answer to an update that it was sent. */
interface Pending {
  readonly link: WorkerLink;
  readonly onVerdict: (refused: readonly Refusal[], isWarming: boolean) => void;
  readonly onWarmed: () => void;
}

/**
 * One xDS client for all workers, so that a control plane sees one node on one stream. An update is taken when all workers took it, and
 * the ACK waits for the slowest; a worker that starts again is told what the others have.
 */
export class XdsHub {
  readonly #options: XdsHubOptions;
  /** By type URL and stream. */
  readonly #types = new Map<string, TypeState>();
  readonly #names = new Map<string, SharedName>();
  /** By worker, its own id of a subscription → the name's key. */
  readonly #held = new Map<WorkerLink, Map<number, string>>();
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(options: XdsHubOptions) {
    this.#options = options;
  }

  /** Takes a worker's message. */
  take(link: WorkerLink, message: XdsFromWorker): void {
    switch (message.kind) {
      case "subscribe-all":
        return this.#subscribeAll(link, message.typeUrl, message.source);
      case "subscribe":
        return this.#subscribe(link, message);
      case "refresh":
        return this.#names.get(this.#held.get(link)?.get(message.id) ?? "")?.subscription.refresh();
      case "unsubscribe":
        return this.#unsubscribe(link, message.id);
      case "verdict":
        return this.#onVerdict(message);
      case "warmed":
        this.#pending.get(message.id)?.onWarmed();
        this.#pending.delete(message.id);
        return;
      default:
        unreachable(message);
    }
  }

  /** A worker is gone: nobody waits for it any more, and what it alone wanted leaves the wire. */
  detach(link: WorkerLink): void {
    for (const { followers } of this.#types.values()) followers.delete(link);
    for (const id of this.#held.get(link)?.keys() ?? []) this.#unsubscribe(link, id);
    this.#held.delete(link);
    for (const [id, pending] of this.#pending) {
      if (pending.link !== link) continue;
      this.#pending.delete(id);
      pending.onVerdict([], false);
      pending.onWarmed();
    }
  }

  #subscribeAll(link: WorkerLink, typeUrl: string, source: Message | undefined): void {
    const { client, plans } = this.#options;
    const plan = plans.get(typeUrl);
    const type = this.#type(typeUrl, source);
    void this.#inTurn(type, async () => {
      type.followers.add(link);
      if (type.hasAnswer) await this.#tell(link, type, [...type.taken.values()]);
      else this.#tellEnd(link, type, "", []);
    });
    if (type.isSubscribedToAll) return;
    type.isSubscribedToAll = true;
    if (source) client.subscribeAllFrom(typeUrl, source);
    else if (plan) client.subscribeAll(typeUrl, plan);
  }

  #subscribe(link: WorkerLink, message: Extract<XdsFromWorker, { kind: "subscribe" }>): void {
    const { typeUrl, name, source } = message;
    const type = this.#type(typeUrl, source);
    const key = JSON.stringify([typeUrl, name, source]);
    const held = this.#held.get(link) ?? new Map<number, string>();
    this.#held.set(link, held.set(message.id, key));
    const shared = this.#names.get(key);
    if (shared) shared.holders += 1;
    void this.#inTurn(type, async () => {
      type.followers.add(link);
      const known = type.taken.get(name);
      if (known) await this.#tell(link, type, [known]);
      else if (type.gone.has(name)) await this.#tell(link, type, [], [name]);
      else this.#tellEnd(link, type, name, [name]);
    });
    if (shared) return;
    type.gone.delete(name);
    type.ended.delete(name);
    const subscription = this.#options.client.subscribe(typeUrl, name, source);
    this.#names.set(key, { subscription, holders: 1 });
  }

  #unsubscribe(link: WorkerLink, id: number): void {
    const key = this.#held.get(link)?.get(id);
    const shared = key === undefined ? undefined : this.#names.get(key);
    if (key === undefined || !shared) return;
    this.#held.get(link)?.delete(id);
    shared.holders -= 1;
    if (shared.holders > 0) return;
    this.#names.delete(key);
    shared.subscription.close();
  }

  #type(typeUrl: string, source: Message | undefined): TypeState {
    const { client } = this.#options;
    const stream = source && client.streamOf(typeUrl, source);
    const key = JSON.stringify([typeUrl, stream]);
    const known = this.#types.get(key);
    if (known) return known;
    const type: TypeState = {
      typeUrl,
      stream: stream === undefined ? {} : { stream },
      version: "",
      taken: new Map(),
      gone: new Set(),
      followers: new Set(),
      ended: new Map(),
      isSubscribedToAll: false,
      hasAnswer: false,
      turn: Promise.resolve(),
    };
    this.#types.set(key, type);
    client.consume(typeUrl, this.#consumer(type), source);
    return type;
  }

  #consumer(type: TypeState): ResourceConsumer {
    const { typeUrl, stream } = type;
    return {
      apply: (update) => this.#inTurn(type, () => this.#apply(type, update)),
      fetchEnded: (names, end) => {
        for (const name of names.length === 0 ? [""] : names) type.ended.set(name, end);
        for (const link of type.followers)
          link.sendXds({ kind: "fetch-ended", ...stream, typeUrl, names, end });
      },
      streamFailed: () => {
        for (const link of type.followers) link.sendXds({ kind: "stream-failed", ...stream, typeUrl });
      },
    };
  }

  async #apply(type: TypeState, update: Update): Promise<Verdict> {
    const sent = sentUpdate(update, update.resources.values());
    const verdicts = await Promise.all([...type.followers].map((link) => this.#ask(link, type, sent)));
    const refusals = new Map<string, Refusal>();
    for (const { refused } of verdicts) {
      for (const refusal of refused) if (!refusals.has(refusal.name)) refusals.set(refusal.name, refusal);
    }
    type.hasAnswer = true;
    type.version = update.version;
    for (const [name, resource] of update.resources) {
      type.ended.delete(name);
      type.gone.delete(name);
      if (!refusals.has(name)) type.taken.set(name, resource);
    }
    if (type.isSubscribedToAll || removable.has(type.typeUrl)) {
      for (const name of update.removed) {
        type.taken.delete(name);
        if (!type.isSubscribedToAll) type.gone.add(name);
      }
    }
    const warming = verdicts.flatMap(({ warmed }) => warmed ?? []);
    const refused = [...refusals.values()];
    return warming.length === 0
      ? { refused }
      : { refused, warmed: Promise.all(warming).then(() => undefined) };
  }

  /** Brings one worker up to date. Its verdict was given by the others. */
  async #tell(
    link: WorkerLink,
    type: TypeState,
    resources: Iterable<UpdatedResource>,
    removed: readonly string[] = [],
  ): Promise<void> {
    const { typeUrl, version } = type;
    await this.#ask(link, type, sentUpdate({ typeUrl, version, removed }, resources));
  }

  #tellEnd(link: WorkerLink, type: TypeState, name: string, names: readonly string[]): void {
    const { typeUrl, stream, ended } = type;
    const end = ended.get(name);
    if (end !== undefined) link.sendXds({ kind: "fetch-ended", ...stream, typeUrl, names, end });
  }

  #ask(link: WorkerLink, { stream }: TypeState, update: SentUpdate): Promise<Verdict> {
    const id = (this.#lastId += 1);
    return new Promise((onVerdict) => {
      const warmed = new Promise<void>((onWarmed) => {
        this.#pending.set(id, {
          link,
          onVerdict: (refused, isWarming) => onVerdict(isWarming ? { refused, warmed } : { refused }),
          onWarmed,
        });
      });
      link.sendXds({ kind: "apply", ...stream, id, update });
    });
  }

  #onVerdict({ id, refused, isWarming }: Extract<XdsFromWorker, { kind: "verdict" }>): void {
    const pending = this.#pending.get(id);
    if (!isWarming) this.#pending.delete(id);
    pending?.onVerdict(refused, isWarming);
  }

  #inTurn<Result>(type: TypeState, work: () => Promise<Result>): Promise<Result> {
    const result = type.turn.then(work);
    type.turn = result.catch(() => undefined);
    return result;
  }
}

function sentUpdate(
  { typeUrl, version, removed }: Omit<SentUpdate, "resources">,
  resources: Iterable<UpdatedResource>,
): SentUpdate {
  const sent = Array.from(resources, (resource) => ({
    name: resource.name,
    version: resource.version,
    value: resource.value,
  }));
  return { typeUrl, version, resources: sent, removed };
}
