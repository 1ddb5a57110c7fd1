/** Something that is not sent yet for the sake of order. */
export interface Wait {
  /** What is held back: changes of a type until a resource is there, or the removal of a resource in use. */
  readonly kind: "change" | "removal";
  /** The type that is held back. */
  readonly typeUrl: string;
  /** The resource that is not there yet, or that is still in use; or the type whose changes come first. */
  readonly name: string;
}

/** A wait that took too long, and how long it took. */
export interface Overdue extends Wait {
  readonly waitedMs: number;
}

interface Entry extends Wait {
  readonly sinceMs: number;
  readonly state: "waiting" | "untimed" | "overdue";
}

/**
 * The waits of one stream, each with its deadline (XDS-96, XDS-97). In each round the session names all that it would
 * hold back; what a whole round does not name is over and forgotten.
 */
export class Waits {
  readonly #timeoutMs: number;
  /** Absent as long as nothing waits, as on nearly all streams of a fleet at rest. */
  #entries: Map<string, Entry> | undefined;
  #round: Map<string, Entry> | undefined;
  #overdue: Overdue[] = [];

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  beginRound(): void {
    this.#round = undefined;
  }

  endRound(): void {
    this.#entries = this.#round;
    this.#round = undefined;
  }

  /** True as long as the wait has not reached its deadline, which runs while `isTimed`. */
  mayWait(wait: Wait, nowMs: number, isTimed = true): boolean {
    const key = `${wait.kind}\0${wait.typeUrl}\0${wait.name}`;
    const before = this.#entries?.get(key);
    const entry = step(before, wait, { nowMs, isTimed, timeoutMs: this.#timeoutMs });
    this.#entries = (this.#entries ?? new Map<string, Entry>()).set(key, entry);
    this.#round = (this.#round ?? new Map<string, Entry>()).set(key, entry);
    if (entry.state !== "overdue") return true;
    if (before !== entry) this.#overdue.push({ ...wait, waitedMs: nowMs - entry.sinceMs });
    return false;
  }

  /** The waits that reached their deadline since this was asked last. */
  takeOverdue(): readonly Overdue[] {
    const overdue = this.#overdue;
    if (overdue.length > 0) this.#overdue = [];
    return overdue;
  }

  /** What changes of a type wait for, and since when the longest wait runs. */
  ofChange(typeUrl: string, nowMs: number): { readonly names: readonly string[]; readonly waitedMs: number } {
    const waits = [...(this.#entries?.values() ?? [])].filter(
      (entry) => entry.kind === "change" && entry.typeUrl === typeUrl && entry.state !== "overdue",
    );
    const waitedMs = Math.max(0, ...waits.map(({ sinceMs }) => nowMs - sinceMs));
    return { names: waits.map(({ name }) => name), waitedMs };
  }

  /** When the next wait reaches its deadline; undefined when nothing waits. */
  get wakeAtMs(): number | undefined {
    let earliest: number | undefined;
    for (const { state, sinceMs } of this.#entries?.values() ?? []) {
      if (state === "waiting") earliest = Math.min(earliest ?? Infinity, sinceMs + this.#timeoutMs);
    }
    return earliest;
  }
}

function step(
  before: Entry | undefined,
  wait: Wait,
  { nowMs, isTimed, timeoutMs }: { nowMs: number; isTimed: boolean; timeoutMs: number },
): Entry {
  if (before?.state === "overdue") return before;
  if (!isTimed) return before?.state === "untimed" ? before : { ...wait, sinceMs: nowMs, state: "untimed" };
  const sinceMs = before?.state === "waiting" ? before.sinceMs : nowMs;
  return { ...wait, sinceMs, state: nowMs - sinceMs >= timeoutMs ? "overdue" : "waiting" };
}
