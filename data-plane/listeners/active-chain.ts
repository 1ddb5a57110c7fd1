import type {
  DownstreamTransportSocket,
  NetworkFilter,
  RunContext,
  Unserved,
} from "../resources/extension.ts";
import type { Slot } from "../resources/config-discovery.ts";
import type { FilterChainConfig } from "../resources/listener.ts";
import { OwnedSubscriptions } from "../resources/owned-subscriptions.ts";

/**
 * A filter chain with its filters made. Versions of a listener that have it unchanged share it, with its connections and everything that
 * its filters hold (XC-43); with the last of them it ends.
 */
export class ActiveChain {
  readonly config: FilterChainConfig;
  readonly filters: readonly Slot<NetworkFilter>[];
  readonly transport: DownstreamTransportSocket | undefined;
  readonly #subscriptions: OwnedSubscriptions;
  #users = 0;

  constructor(config: FilterChainConfig, run: RunContext, scope: string) {
    this.#subscriptions = new OwnedSubscriptions(run.subscriptions);
    const own = { ...run, subscriptions: this.#subscriptions };
    this.config = config;
    this.filters = config.filters.map((install) => install(own, scope));
    this.transport = config.transportSocket?.(own, scope);
  }

  /** Of its last filter, as that is now. */
  get unserved(): Unserved | undefined {
    const last = this.filters.at(-1)?.current;
    return last?.kind === "terminal" ? last.unserved : undefined;
  }

  /** Undefined when nothing that it needs is missing; else done when it is here, or will not come for now. Does not reject. */
  get ready(): Promise<void> | undefined {
    return this.#subscriptions.ready;
  }

  /** One more version uses it. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** A version does not use it any more. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#subscriptions.close();
  }
}
