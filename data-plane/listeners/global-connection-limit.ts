import type { DownstreamLimit } from "../bootstrap/overload.ts";

/** Envoy's `envoy.resource_monitors.global_downstream_max_connections`: keeps count of the connections of all listeners. */
export class GlobalConnectionLimit {
  readonly #limit: DownstreamLimit;
  #active = 0;

  constructor(limit: DownstreamLimit) {
    this.#limit = limit;
  }

  /**
   * Takes a place for a connection; undefined when there is none. Otherwise what gives it back.
   *
   * `isIgnored`: of a listener that the limit is not for
   */
  admit(isIgnored: boolean): (() => void) | undefined {
    const { max, countsAll } = this.#limit;
    if (isIgnored && !countsAll) return nothing;
    if (!isIgnored && this.#active >= max()) return undefined;
    this.#active += 1;
    return this.#release;
  }

  readonly #release = (): void => {
    this.#active -= 1;
  };
}

function nothing(): void {}
