import type { MessageTypes } from "../../src/schema/api.ts";
import type { ParseContext } from "./extension.ts";
import type { SupportTable } from "./support.ts";

type RuntimeFractionalPercent = MessageTypes["envoy.config.core.v3.RuntimeFractionalPercent"];
type FractionalPercent = MessageTypes["envoy.type.v3.FractionalPercent"];

export const fractionalPercentSupport: SupportTable = { numerator: true, denominator: true };

export const runtimeFractionSupport: SupportTable = {
  default_value: fractionalPercentSupport,
  runtime_key: true,
};

const denominators: Readonly<Record<string, number>> = {
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION: 1_000_000,
};

/** `envoy.type.v3.FractionalPercent` as a number from 0 to 1. */
export function fractionOf({ numerator = 0, denominator = "HUNDRED" }: FractionalPercent): number {
  return Math.min(1, numerator / (denominators[denominator] ?? 100));
}

/**
 * `envoy.config.core.v3.RuntimeFractionalPercent` as a number from 0 to 1: what the runtime key says (percent, a whole number), else the
 * default value; `unset` when there is no message.
 */
export function runtimeFraction(
  message: RuntimeFractionalPercent | null | undefined,
  { runtime }: Pick<ParseContext, "runtime">,
  unset: number,
): number {
  if (!message) return unset;
  const { runtime_key: key = "", default_value: fallback } = message;
  const percent = key === "" ? -1 : runtime.integer(key, -1);
  return percent >= 0 ? Math.min(1, percent / 100) : fractionOf(fallback ?? {});
}

/** True for a share of draws: `random` gives numbers in [0, 1). Draws only where chance decides. */
export function isChosen(fraction: number, random: () => number): boolean {
  return fraction >= 1 || (fraction > 0 && random() < fraction);
}
