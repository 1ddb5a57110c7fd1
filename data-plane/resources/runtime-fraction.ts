import type { MessageTypes } from "../../src/schema/api.ts";
import type { ParseContext } from "./extension.ts";
import { fractionOf } from "./fraction-of.ts";
import type { SupportTable } from "./support.ts";

type RuntimeFractionalPercent = MessageTypes["envoy.config.core.v3.RuntimeFractionalPercent"];
export const fractionalPercentSupport: SupportTable = { numerator: true, denominator: true };

export const runtimeFractionSupport: SupportTable = {
  default_value: fractionalPercentSupport,
  runtime_key: true,
};

/** A number from 0 to 1 as the runtime has it now. */
export type LiveFraction = () => number;

/**
 * `envoy.config.core.v3.RuntimeFractionalPercent`: what the runtime key says each time, a fraction or whole percents, else the default
 * value; `unset` when there is no message.
 */
export function runtimeFraction(
  message: RuntimeFractionalPercent | null | undefined,
  { runtime }: Pick<ParseContext, "runtime">,
  unset: number,
): LiveFraction {
  const { runtime_key: key = "", default_value: fallback } = message ?? {};
  const value = message ? fractionOf(fallback ?? {}) : unset;
  return key === "" ? () => value : () => runtime.fraction(key, value);
}

/** True for a share of draws: `random` gives numbers in [0, 1). Draws only where chance decides. */
export function isChosen(fraction: number, random: () => number): boolean {
  return fraction >= 1 || (fraction > 0 && random() < fraction);
}
