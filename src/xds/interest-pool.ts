import { createHash } from "node:crypto";
import { noInterest, type Interest } from "./interest.ts";

/** Groups of nodes times types with names, about. More would cost those who ask for names of their own. */
const mostRecent = 16;

/**
 * Gives equal interests one identity, so that what is worked out for one client serves all that ask the same.
 * Holds them weakly: an interest that no session has any more is forgotten.
 */
export class InterestPool {
  readonly #byKey = new Map<string, WeakRef<Interest>>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    // The key may have been taken again by a newer, equal interest.
    if (this.#byKey.get(key)?.deref() === undefined) this.#byKey.delete(key);
  });
  readonly #legacy: Interest = { wildcard: "legacy", names: new Set() };
  readonly #explicit: Interest = { wildcard: "explicit", names: new Set() };

  /** Encoded lists of names and the interests that they were found to mean. */
  readonly #encodings = new WeakMap<Interest, Buffer>();
  /** Those whose lists were read last, the newest first. */
  #recent: readonly WeakRef<Interest>[] = [];

  /** True when a list of these bytes is known to mean the interest. */
  isEncodedAs(interest: Interest, encoded: Buffer): boolean {
    return this.#encodings.get(interest)?.equals(encoded) ?? false;
  }

  /**
   * The interest of a list that was read lately, of whatever stream, and need not be read again: a fleet that comes back
   * asks for the same a thousand times over.
   */
  recentlyEncodedAs(encoded: Buffer): Interest | undefined {
    if (encoded.length === 0) return undefined;
    for (const one of this.#recent) {
      const interest = one.deref();
      if (interest && this.isEncodedAs(interest, encoded)) return interest;
    }
    return undefined;
  }

  /** Remembers what an encoded list means; the bytes are copied. */
  noteEncoding(interest: Interest, encoded: Buffer): void {
    if (interest.names.size === 0) return;
    this.#encodings.set(interest, Buffer.from(encoded));
    const others = this.#recent.filter((one) => one.deref() !== interest);
    this.#recent = [new WeakRef(interest), ...others.slice(0, mostRecent - 1)];
  }

  /** The one object for everything equal to `interest`. */
  intern(interest: Interest): Interest {
    if (interest.names.size === 0) {
      if (interest.wildcard === "none") return noInterest;
      return interest.wildcard === "legacy" ? this.#legacy : this.#explicit;
    }
    const key = keyOf(interest);
    const known = this.#byKey.get(key)?.deref();
    if (known) return known;
    this.#byKey.set(key, new WeakRef(interest));
    this.#collected.register(interest, key);
    return interest;
  }
}

function keyOf({ wildcard, names }: Interest): string {
  // JSON keeps names apart whatever characters are in them.
  const text = JSON.stringify([wildcard, ...[...names].sort()]);
  return createHash("sha256").update(text).digest("base64");
}
