/**
 * The headers of one message in their order, names in lower case. One flat list, name and value by turns: a message has a dozen of
 * them and is looked at a few times, for which a scan is faster than any map, and costs one allocation.
 */
export class HeaderList {
  /** name, value, name, value, … */
  readonly flat: string[];

  constructor(flat: string[] = []) {
    this.flat = flat;
  }

  get count(): number {
    return this.flat.length / 2;
  }

  /** The first value; undefined when there is none. `name` is in lower case, here and below. */
  get(name: string): string | undefined {
    const { flat } = this;
    for (let at = 0; at < flat.length; at += 2) if (flat[at] === name) return flat[at + 1];
    return undefined;
  }

  /** All values of a name with commas between, as a list header is read; undefined when there is none. */
  all(name: string): string | undefined {
    const { flat } = this;
    let found: string | undefined;
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at] === name) found = found === undefined ? flat[at + 1] : `${found},${flat[at + 1]}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Puts the value where the first one stands and takes the others away; at the end when there is none. */
  set(name: string, value: string): void {
    const { flat } = this;
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at] !== name) continue;
      flat[at + 1] = value;
      this.#removeFrom(name, at + 2);
      return;
    }
    flat.push(name, value);
  }

  /** Adds one more at the end, whatever there is. */
  add(name: string, value: string): void {
    this.flat.push(name, value);
  }

  /** Puts `value` behind what the first one of the name says, with a comma and no space; adds it when there is none. */
  append(name: string, value: string): void {
    const { flat } = this;
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at] !== name) continue;
      flat[at + 1] = flat[at + 1] === "" ? value : `${flat[at + 1]},${value}`;
      return;
    }
    flat.push(name, value);
  }

  remove(name: string): void {
    this.#removeFrom(name, 0);
  }

  /** Whether the name of any header passes. */
  hasWhere(passes: (name: string) => boolean): boolean {
    const { flat } = this;
    for (let at = 0; at < flat.length; at += 2) if (passes(flat[at]!)) return true;
    return false;
  }

  /** Takes away every header whose name passes. */
  removeWhere(passes: (name: string) => boolean): void {
    const { flat } = this;
    let kept = 0;
    for (let at = 0; at < flat.length; at += 2) {
      if (passes(flat[at]!)) continue;
      if (kept !== at) {
        flat[kept] = flat[at]!;
        flat[kept + 1] = flat[at + 1]!;
      }
      kept += 2;
    }
    flat.length = kept;
  }

  copy(): HeaderList {
    return new HeaderList([...this.flat]);
  }

  #removeFrom(name: string, from: number): void {
    const { flat } = this;
    for (let at = from; at < flat.length;) {
      if (flat[at] === name) flat.splice(at, 2);
      else at += 2;
    }
  }
}
