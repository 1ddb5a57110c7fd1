/** How long a refusal is remembered without an ACK: longer than any Envoy stays away and still holds its state. */
const defaultTtlMs = 60 * 60 * 1000;
const defaultMaxEntries = 10_000;

/**
 * Which nodes refused which types and have not ACKed since. What such a node says it holds on its next stream is not
 * to be relied on: Envoy drops and takes parts of what it refused (XDS-60). Bounded in time and number.
 */
export class RefusalMemory {
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  /** Node id and type URL → when it refused, oldest first. */
  readonly #refusedAtMs = new Map<string, number>();

  constructor(ttlMs = defaultTtlMs, maxEntries = defaultMaxEntries) {
    this.#ttlMs = ttlMs;
    this.#maxEntries = maxEntries;
  }

  noteRefusal(nodeId: string, typeUrl: string, nowMs: number): void {
    const key = keyOf(nodeId, typeUrl);
    this.#refusedAtMs.delete(key);
    this.#refusedAtMs.set(key, nowMs);
    if (this.#refusedAtMs.size <= this.#maxEntries) return;
    const [oldest] = this.#refusedAtMs.keys();
    if (oldest !== undefined) this.#refusedAtMs.delete(oldest);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#refusedAtMs.size;
  }

  /** What is remembered, oldest first. */
  list(): readonly RememberedRefusal[] {
    return Array.from(this.#refusedAtMs, ([key, atMs]) => {
      const gap = key.indexOf("\0");
      return { nodeId: key.slice(gap + 1), typeUrl: key.slice(0, gap), atMs };
    });
  }

  noteAck(nodeId: string, typeUrl: string): void {
    if (this.#refusedAtMs.size > 0) this.#refusedAtMs.delete(keyOf(nodeId, typeUrl));
  }

  /** True when the node refused the type, recently, and has not ACKed it since. */
  has(nodeId: string, typeUrl: string, nowMs: number): boolean {
    const refusedAtMs = this.#refusedAtMs.get(keyOf(nodeId, typeUrl));
    return refusedAtMs !== undefined && nowMs - refusedAtMs < this.#ttlMs;
  }
}

/** A refusal that is remembered. */
export interface RememberedRefusal {
  readonly nodeId: string;
  readonly typeUrl: string;
  readonly atMs: number;
}

function keyOf(nodeId: string, typeUrl: string): string {
  return `${typeUrl}\0${nodeId}`;
}
