import { errorMessage } from "../../src/base/error-message.ts";
import type { Log } from "../../src/base/log.ts";
import type { RunContext } from "../resources/extension.ts";
import type { SecretSource } from "./secret-source.ts";
import { followSecret } from "./secret-source.ts";

/** Follows one secret; gives what returns the version in use, undefined before the first. */
export type FollowSecret = <Value>(source: SecretSource<Value>) => () => Value | undefined;

/** What is made of secrets, made anew with each that changes. Handshakes that have begun stay with what they began with. */
export class LiveSecrets<Made> {
  readonly counters;
  readonly #make: () => Made | undefined;
  readonly #log: Log;
  #current: Made | undefined;

  /**
   * `prepare` is called once, to follow what is needed, and gives what makes the whole of it: undefined while something is missing.
   * `scope`: of the statistics of it.
   */
  constructor(run: RunContext, scope: string, prepare: (follow: FollowSecret) => () => Made | undefined) {
    this.counters = run.stats.counters(scope, [
      "downstream_context_secrets_not_ready",
      "ssl_context_update_by_sds",
      "upstream_context_secrets_not_ready",
    ]);
    this.#log = run.log;
    let isPrepared = false;
    this.#make = prepare((source) =>
      followSecret(source, run, () => {
        this.counters.ssl_context_update_by_sds += 1;
        // Some may come while others are still being asked for.
        if (isPrepared) this.#renew();
      }),
    );
    isPrepared = true;
    this.#renew();
  }

  /** Undefined while a secret is missing. */
  get current(): Made | undefined {
    return this.#current;
  }

  #renew(): void {
    try {
      this.#current = this.#make() ?? this.#current;
    } catch (error) {
      // Each secret was read before it came here, so this is something that they have only together.
      const reason = errorMessage(error);
      this.#log.error("cannot use the secrets of a TLS context", { error: reason });
    }
  }
}
