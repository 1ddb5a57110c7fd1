const denominators: Readonly<Record<string, number>> = {
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION: 1_000_000,
};

/** `envoy.type.v3.FractionalPercent` as a number from 0 to 1. */
export function fractionOf({
  numerator = 0,
  denominator = "HUNDRED",
}: {
  readonly numerator?: number;
  readonly denominator?: string | number;
}): number {
  return Math.min(1, numerator / (denominators[denominator] ?? 100));
}
