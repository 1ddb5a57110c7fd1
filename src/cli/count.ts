import type { Flag } from "./flag.ts";

/** More would not fit the 32 bits that HTTP/2 and gRPC have for such numbers. */
const most = 2 ** 31 - 1;

const unitsBytes: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A flag whose value is a whole number from 1. */
export function countFlag(description: string, fallback: string): Flag<number> {
  return numberFlag("NUMBER", description, fallback, parseCount);
}

/** A flag whose value is a number of bytes; `fallback` is in the form that people write. */
export function sizeFlag(description: string, fallback: string): Flag<number> {
  return numberFlag("SIZE", description, fallback, parseSize);
}

function numberFlag(
  placeholder: string,
  description: string,
  fallback: string,
  parse: (text: string) => number,
): Flag<number> {
  const value = parse(fallback);
  return { description, placeholder, default: value, defaultText: fallback, parse: (text) => parse(text) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > most)
    throw new Error(`expected a whole number from 1 to ${most}`);
  return count;
}

function parseSize(text: string): number {
  const [, digits, unit = ""] = /^(\d+)(KiB|MiB|GiB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * unitsBytes[unit]!;
  if (digits === undefined || bytes < 1 || bytes > most)
    throw new Error("expected bytes, or a number and KiB, MiB or GiB, below 2GiB");
  return bytes;
}
