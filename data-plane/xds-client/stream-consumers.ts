import type { ResourceConsumer } from "./update.ts";

/** Who runs the resources of a type: for one stream, or for all that have nobody of their own. */
export class StreamConsumers {
  readonly #ofAll = new Map<string, ResourceConsumer>();
  /** By stream, then by type URL. */
  readonly #ofStream = new Map<string, Map<string, ResourceConsumer>>();

  /** `stream`: a key of `streamKey`; undefined for all streams. */
  set(typeUrl: string, consumer: ResourceConsumer, stream: string | undefined): void {
    if (stream === undefined) {
      this.#ofAll.set(typeUrl, consumer);
      return;
    }
    const consumers = this.#ofStream.get(stream) ?? new Map<string, ResourceConsumer>();
    this.#ofStream.set(stream, consumers.set(typeUrl, consumer));
  }

  get(typeUrl: string, stream: string | undefined): ResourceConsumer | undefined {
    const own = stream === undefined ? undefined : this.#ofStream.get(stream)?.get(typeUrl);
    return own ?? this.#ofAll.get(typeUrl);
  }

  /** Those of one stream, by type URL, as they are at the time of asking. */
  ofStream(stream: string): Pick<ReadonlyMap<string, ResourceConsumer>, "get"> {
    return { get: (typeUrl) => this.get(typeUrl, stream) };
  }
}
