import type { XdsEvent } from "../../src/xds/events.ts";

/** Remembers what a server tells of its streams, and lets a test wait for more. */
export class EventLog {
  readonly events: XdsEvent[] = [];
  readonly #waiting = new Set<() => void>();

  readonly note = (event: XdsEvent): void => {
    this.events.push(event);
    for (const check of this.#waiting) check();
  };

  /** The events of one kind so far. */
  of<K extends XdsEvent["kind"]>(kind: K): readonly Extract<XdsEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<XdsEvent, { kind: K }> => event.kind === kind);
  }

  /** Waits until that many events of a kind were told. */
  async told(kind: XdsEvent["kind"], count = 1): Promise<void> {
    await this.until(() => this.of(kind).length >= count);
  }

  /** Waits for an event after which the claim holds, unless it holds already. */
  async until(claim: () => boolean): Promise<void> {
    if (claim()) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!claim()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}
