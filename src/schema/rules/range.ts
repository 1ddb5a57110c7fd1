import type { Check, RuleSet } from "./check.ts";

/** How the values of a kind are read and shown; `read` gives what `<` compares. */
export interface Ordered<T extends number | bigint> {
  /** Of a message's value or of a rule's. */
  read(value: unknown): T;
  show(value: T): string;
}

/**
 * `lt`, `lte`, `gt` and `gte`. An upper bound below the lower one means outside instead of inside
 * (validate.proto, comments of `gt` and `gte`).
 */
export function rangeCheck<T extends number | bigint>(rules: RuleSet, kind: Ordered<T>): Check | undefined {
  const isHighOpen = rules["lt"] !== undefined;
  const isLowOpen = rules["gt"] !== undefined;
  const highRule = rules["lt"] ?? rules["lte"];
  const lowRule = rules["gt"] ?? rules["gte"];
  const high = highRule === undefined ? undefined : kind.read(highRule);
  const low = lowRule === undefined ? undefined : kind.read(lowRule);
  // NaN fails no comparison, as in C++.
  const isOver = (value: T) => high !== undefined && (isHighOpen ? value >= high : value > high);
  const isUnder = (value: T) => low !== undefined && (isLowOpen ? value <= low : value < low);
  if (high !== undefined && low !== undefined) {
    const inside = `${isLowOpen ? "(" : "["}${kind.show(low)}, ${kind.show(high)}${isHighOpen ? ")" : "]"}`;
    const outside = `${isHighOpen ? "[" : "("}${kind.show(high)}, ${kind.show(low)}${isLowOpen ? "]" : ")"}`;
    return (raw) => {
      const value = kind.read(raw);
      if (high > low) {
        return isOver(value) || isUnder(value) ? `value must be inside range ${inside}` : undefined;
      }
      return isOver(value) && isUnder(value) ? `value must be outside range ${outside}` : undefined;
    };
  }
  if (high !== undefined) {
    const complaint = `value must be less than ${isHighOpen ? "" : "or equal to "}${kind.show(high)}`;
    return (value) => (isOver(kind.read(value)) ? complaint : undefined);
  }
  if (low !== undefined) {
    const complaint = `value must be greater than ${isLowOpen ? "" : "or equal to "}${kind.show(low)}`;
    return (value) => (isUnder(kind.read(value)) ? complaint : undefined);
  }
  return undefined;
}
