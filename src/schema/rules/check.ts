/** Says what is wrong with a value, in the words of protoc-gen-validate's C++ code; undefined when nothing is. */
export type Check = (value: unknown) => string | undefined;

/** One typed rule set, such as what stands under `string` in a field's rules. */
export type RuleSet = Readonly<Record<string, unknown>>;

/** The first complaint of several checks: like Envoy, one per value. */
export function firstOf(checks: readonly (Check | undefined)[]): Check | undefined {
  const present = checks.filter((check) => check !== undefined);
  if (present.length < 2) return present[0];
  return (value) => {
    for (const check of present) {
      const complaint = check(value);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
}

/** A list in a message: `[a b]`. */
export function listText(items: readonly unknown[]): string {
  return `[${items.map(String).join(" ")}]`;
}

/** The items of a repeated rule such as `in`; none when the rule is absent. */
export function ruleList(rules: RuleSet, name: string): readonly unknown[] {
  const value = rules[name];
  return Array.isArray(value) ? value : [];
}
