/** A value that is replaced as a whole now and then, as whoever uses it sees it. */
export interface Watched<Value> {
  readonly value: Value;
  /** Calls back with each value that comes after the one of now. */
  onChange(callback: (value: Value) => void): void;
}

/** A value that is replaced as a whole now and then. */
export class Current<Value> implements Watched<Value> {
  readonly #watchers: ((value: Value) => void)[] = [];
  #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  onChange(callback: (value: Value) => void): void {
    this.#watchers.push(callback);
  }

  /** Puts a value in the place of the one before, and tells whoever wants to know. */
  replace(value: Value): void {
    this.#value = value;
    for (const watcher of this.#watchers) watcher(value);
  }
}
