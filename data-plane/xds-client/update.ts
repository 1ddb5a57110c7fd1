import type { Message } from "../../src/schema/message.ts";

/** One resource of an update, decoded and past the field rules of its top level. */
export interface UpdatedResource {
  /** The name that it is subscribed by: `name`, or `cluster_name` of a ClusterLoadAssignment. */
  readonly name: string;
  /** Delta: the version of the resource; SotW: the `version_info` of its response. Only ever compared and shown. */
  readonly version: string;
  /** Encoded message as it was received. Equal bytes mean equal content (XC-32); never written to. */
  readonly value: Buffer;
  /** `value`, decoded once for everybody. */
  readonly message: Message;
}

/**
 * What a consumer has to make of one response. SotW and delta look the same here: the client works out what a
 * full state leaves out, so `removed` is complete and nothing else is to be removed.
 */
export interface Update {
  readonly typeUrl: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  /** New, changed and (SotW) unchanged resources, by name, in the order of the response. */
  readonly resources: ReadonlyMap<string, UpdatedResource>;
  /**
   * CDS, LDS: names that are to go; one that was never taken may be among them. Types that are asked for by name (EDS, RDS, SDS): delta removals alone, which
   * end a warming and leave what serves alone (XC-38, XC-46, XC-47).
   */
  readonly removed: readonly string[];
}

/** A resource that the consumer did not take; its last good state stays (XC-28, *each*). */
export interface Refusal {
  readonly name: string;
  /** Envoy's text where Envoy has one (XC-30); an unsupported field with its JSON path and value (XC-31). */
  readonly reason: string;
}

/** What became of an update: everything that is not refused is applied. */
export interface Verdict {
  readonly refused: readonly Refusal[];
  /**
   * Set while clusters of this update warm: the ACK waits for it, as Envoy's does after its start (XC-35). It
   * must resolve, by `initial_fetch_timeout` at the latest, and never reject.
   */
  readonly warmed?: Promise<void>;
}

/**
 * Why names stop waiting for their first answer: nothing came in time (XC-13), it came and was refused whole, what was to hold it
 * could not be read (XC-55), or it was read and does not hold it: a file, which nobody else adds to.
 */
export type FetchEnd = "timeout" | "refused" | "failed" | "absent";

/**
 * Who runs the resources of one type. `apply` is not called again for the type before its verdict is there; a
 * promise is for what only the operating system decides, such as binding a port. It must not throw or reject: what
 * is wrong with a resource is a refusal.
 */
export interface ResourceConsumer {
  apply(update: Update): Verdict | Promise<Verdict>;
  /** Go on as if the answer had been empty; a later answer is applied as usual. `names` is empty for CDS and LDS. */
  fetchEnded(names: readonly string[], end: FetchEnd): void;
  /** The stream of the type ended, or could not be opened; what is applied stays. For the counters of XC-18. */
  streamFailed?(): void;
}

/** One name that somebody needs (the EDS name of a cluster). Several of one name share one entry on the wire. */
export interface NameSubscription {
  /** Asks for the name once more: the server sends what it has, changed or not (XC-36). */
  refresh(): void;
  /** Takes the name off the wire when nobody else holds it. Idempotent. */
  close(): void;
}

/** What the proxy's own parts may ask of the client. */
export interface NameSubscriptions {
  /**
   * Names who runs the resources of a type, before anybody subscribes to it: what comes from the stream of `source`, or, without one,
   * what comes from streams that have nobody of their own.
   */
  consume(typeUrl: string, consumer: ResourceConsumer, source?: Message): void;
  /**
   * What tells the stream of a ConfigSource from others: names of two streams are two resources, whatever they are called.
   *
   * @throws Error for a source that `refusalOf` refuses
   */
  streamOf(typeUrl: string, source: Message): string;
  /** Why a ConfigSource cannot be used (`eds_config`), or undefined: a reason to refuse what contains it. */
  refusalOf(source: Message | undefined): string | undefined;
  /**
   * Subscribes to a name; answers reach the consumer of the type. `source` is the ConfigSource that
   * `refusalOf` had nothing against; its `initial_fetch_timeout` (default 15 s, 0 for ever) starts now.
   */
  subscribe(typeUrl: string, name: string, source: Message): NameSubscription;
  /** Subscribes to everything that there is of a type (SRDS), for good. Further calls with the same source change nothing. */
  subscribeAllFrom(typeUrl: string, source: Message): void;
}
