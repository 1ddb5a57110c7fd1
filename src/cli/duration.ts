import type { Flag } from "./flag.ts";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Timers of Node end at once beyond this: 24 days. */
const longestMs = 2 ** 31 - 1;

/** Milliseconds of `250ms`, `2.5s`, `10m` or `1h`; throws with the forms that are taken. */
function parseDuration(text: string, leastMs: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!match) throw new Error("expected a number and a unit, such as 500ms, 5s, 10m or 1h");
  const ms = Number(match[1]) * unitsMs[match[2]!]!;
  if (ms < leastMs || ms > longestMs) throw new Error(`expected ${leastMs}ms to 596h`);
  return ms;
}

/** Ten years. */
const oldestDays = 3_650;

function parseAge(text: string): number {
  const [, number, unit] = /^(\d+)(d|h)$/.exec(text) ?? [];
  const days = Number(number) / (unit === "d" ? 1 : 24);
  if (unit === undefined || days <= 0 || days > oldestDays)
    throw new Error(`expected a number and a unit, such as 12h or 90d, to ${oldestDays}d`);
  return days * 24 * 3_600_000;
}

/** A flag whose value is an age in days or hours; milliseconds. */
export function ageFlag(description: string, fallback: string): Flag<number> {
  return {
    description,
    placeholder: "AGE",
    default: parseAge(fallback),
    defaultText: fallback,
    parse: (text) => parseAge(text),
  };
}

/** A flag whose value is a duration in milliseconds, at least `leastMs`; `fallback` is in the form that people write. */
export function durationFlag(description: string, fallback: string, leastMs = 0): Flag<number> {
  return {
    description,
    placeholder: "DURATION",
    default: parseDuration(fallback, leastMs),
    defaultText: fallback,
    parse: (text) => parseDuration(text, leastMs),
  };
}

/** The same, at least 1 ms, where no duration is the default; `meaning` says what that is. */
export function optionalDurationFlag(description: string, meaning: string): Flag<number | undefined> {
  return {
    description,
    placeholder: "DURATION",
    default: undefined,
    defaultText: meaning,
    parse: (text) => parseDuration(text, 1),
  };
}
