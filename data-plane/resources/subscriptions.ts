import type { Message } from "../../src/schema/message.ts";
import type { Parsed } from "./parsed.ts";

/** A resource that an extension follows by its name: a RouteConfiguration (RDS), a Secret (SDS), a TypedExtensionConfig (ECDS). */
export interface ResourceWatch<Value> {
  /** Such as `type.googleapis.com/envoy.config.route.v3.RouteConfiguration`. */
  readonly typeUrl: string;
  readonly name: string;
  /**
   * The `envoy.config.core.v3.ConfigSource` that stands beside the name. `ParseContext.sourceRefusal` had nothing against it when the
   * extension was parsed. Its `initial_fetch_timeout` (default 15 s, 0 for ever) starts with the subscription (XC-13).
   */
  readonly source: Message;
  /** Prefix of the statistics of XC-56 for this resource: `http.<stat_prefix>.rds.<name>`, `cluster.<name>.client_ssl_socket_factory`… */
  readonly statScope: string;
  /** Counts `config_reload`, `config_fail` and `config_conflict` beside those, as ECDS does. Default false. */
  readonly hasConfigCounters?: boolean;
  /** False: the listener or cluster that asks does not wait for the first answer. Default true. */
  readonly isWaitedFor?: boolean;
  /**
   * Reads a version, past the field rules of its top level. An error refuses this version by name: the NACK tells it, and the last good
   * version stays in use (XC-28). Must not throw, and must change nothing: another watch of the same name may still refuse.
   */
  parse(message: Message): Parsed<Value>;
  /**
   * Takes a version into use: the first, and each later one whose content differs (XC-32). Called inside `subscribe` when the resource is
   * held already, because somebody else watches the same name.
   */
  onUpdate(value: Value, info: ResourceInfo): void;
  /**
   * The server took the resource away (delta alone can say so): it is held no longer (XC-48, XC-49). Absent: it stays in use, as RDS and
   * SDS have it (XC-46, XC-47); the removal ends the wait for a first answer either way.
   */
  onRemoved?(): void;
}

/** What is known of a version beside its content. */
export interface ResourceInfo {
  /** Delta: the version of the resource; SotW: the `version_info` of its response. */
  readonly version: string;
}

/** All resources of a type that a server has (SRDS). */
export interface CollectionWatch<Value> {
  readonly typeUrl: string;
  /** As in `ResourceWatch`. */
  readonly source: Message;
  /** As in `ResourceWatch`. */
  readonly statScope: string;
  /** Reads one of them; an error refuses it by name, and its last good version stays. */
  parse(message: Message): Parsed<Value>;
  /** Two that must not be there together have one key. The later one is refused with `conflictText`. */
  keyOf(value: Value): string;
  conflictText(first: string, second: string): string;
  /** Takes into use all that is there, by name, in the order of their arrival. */
  onUpdate(values: ReadonlyMap<string, Value>): void;
}

/** A running watch. */
export interface ResourceHold {
  /**
   * Calls back once, when the first answer is here (taken or refused) or will not come for now (timeout, removal); inside the call when
   * that is so already. `onUpdate` of an answer that was taken comes before it.
   */
  whenAnswered(callback: () => void): void;
  /** Ends the watch: no callback comes any more. The name leaves the wire when nobody else watches it. Idempotent. */
  close(): void;
}

/**
 * Subscriptions to xDS resources by name, for what runs: `RunContext.subscriptions`. Watches of one type and name share one subscription on
 * the wire, one last good version and one line of `/config_dump`, if their sources share a stream: ADS is one for all. A version is taken by all of its watches or by none.
 *
 * The one that an extension is given belongs to the version of the listener or cluster that the extension is part of: that version serves
 * when all watches made during its installation are answered (XC-33, XC-42), and ends them when it is over. An extension therefore need
 * neither wait nor close by itself.
 */
export interface ResourceSubscriptions {
  subscribe<Value>(watch: ResourceWatch<Value>): ResourceHold;
  /** Once somebody has watched a collection, the server goes on to be asked for it: xDS has no word for the opposite. */
  subscribeAll<Value>(watch: CollectionWatch<Value>): ResourceHold;
}
