import type { Flag } from "./flag.ts";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `250ms`, `2.5s`, `10m` or `1h`; throws with the forms that are taken. */
function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!match) throw new Error("expected a number and a unit, such as 500ms, 5s, 10m or 1h");
  return Number(match[1]) * unitsMs[match[2]!]!;
}

/** A flag whose value is a duration in milliseconds; `fallback` is in the form that people write. */
export function durationFlag(description: string, fallback: string): Flag<number> {
  return {
    description,
    placeholder: "DURATION",
    default: parseDuration(fallback),
    defaultText: fallback,
    parse: (text) => parseDuration(text),
  };
}
