import { unreachable } from "../../src/base/unreachable.ts";
import type { Message } from "../../src/schema/message.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { SchemaReader } from "../resources/extension.ts";
import type { NameSubscription, ResourceConsumer, Update } from "../xds-client/update.ts";
import { StreamConsumers } from "../xds-client/stream-consumers.ts";
import type { XdsSource } from "../proxy/xds-source.ts";
import type { SentUpdate, XdsFromWorker, XdsToWorker } from "./messages.ts";

export interface RelayedXdsOptions {
  readonly schema: Pick<SchemaReader, "decode">;
  /** Why a ConfigSource cannot be used; as the parent's client would say. */
  readonly refusalOf: (source: Message | undefined) => string | undefined;
  /** What tells the streams of sources apart; as the parent's client would say. */
  readonly streamOf: (typeUrl: string, source: Message) => string;
  readonly send: (message: XdsFromWorker) => void;
}

/** The control plane as a worker has it: the parent's client, told of over the channel between them. */
export class RelayedXds implements XdsSource {
  readonly #options: RelayedXdsOptions;
  readonly #consumers = new StreamConsumers();
  #lastId = 0;

  constructor(options: RelayedXdsOptions) {
    this.#options = options;
  }

  consume(typeUrl: string, consumer: ResourceConsumer, source?: Message): void {
    this.#consumers.set(typeUrl, consumer, source && this.streamOf(typeUrl, source));
  }

  streamOf(typeUrl: string, source: Message): string {
    return this.#options.streamOf(typeUrl, source);
  }

  subscribeAll(typeUrl: string): void {
    this.#options.send({ kind: "subscribe-all", typeUrl });
  }

  subscribeAllFrom(typeUrl: string, source: Message): void {
    this.#options.send({ kind: "subscribe-all", typeUrl, source });
  }

  refusalOf(source: Message | undefined): string | undefined {
    return this.#options.refusalOf(source);
  }

  subscribe(typeUrl: string, name: string, source: Message): NameSubscription {
    const { send } = this.#options;
    const id = (this.#lastId += 1);
    let isClosed = false;
    send({ kind: "subscribe", id, typeUrl, name, source });
    return {
      refresh: () => {
        if (!isClosed) send({ kind: "refresh", id });
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        send({ kind: "unsubscribe", id });
      },
    };
  }

  /** The parent ends what it began. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes a message of the parent. */
  take(message: XdsToWorker): void {
    switch (message.kind) {
      case "apply":
        void this.#apply(message);
        return;
      case "fetch-ended":
        this.#consumers.get(message.typeUrl, message.stream)?.fetchEnded(message.names, message.end);
        return;
      case "stream-failed":
        this.#consumers.get(message.typeUrl, message.stream)?.streamFailed?.();
        return;
      default:
        unreachable(message);
    }
  }

  async #apply({ id, stream, update }: Extract<XdsToWorker, { kind: "apply" }>): Promise<void> {
    const { send } = this.#options;
    const consumer = this.#consumers.get(update.typeUrl, stream);
    const { refused, warmed } = (await consumer?.apply(this.#decoded(update))) ?? { refused: [] };
    send({ kind: "verdict", id, refused, isWarming: warmed !== undefined });
    if (!warmed) return;
    await warmed;
    send({ kind: "warmed", id });
  }

  #decoded({ typeUrl, version, resources, removed }: SentUpdate): Update {
    const typeName = typeNameOf(typeUrl);
    const decoded = resources.map((resource) => {
      const message = this.#options.schema.decode(typeName, resource.value);
      return [resource.name, { ...resource, message }] as const;
    });
    return { typeUrl, version, resources: new Map(decoded), removed };
  }
}
