/** A number of 0 or more in 32 significant digits, which is more than it has: Prometheus sums are written so by Envoy. */
export function exactDecimal(value: number): string {
  if (value === 0) return "0";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n) - 1075;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (1n << 52n);
  // mantissa × 2^exponent as a whole number of 10^-scale.
  const scale = exponent < 0 ? -exponent : 0;
  const whole = exponent < 0 ? mantissa * 5n ** BigInt(scale) : mantissa << BigInt(exponent);
  return rounded(whole.toString(), scale);
}

/** `digits` × 10^-`scale` with at most 32 digits, rounded half up, zeros at the end cut. */
function rounded(digits: string, scale: number): string {
  const dropped = Math.max(0, digits.length - 32);
  let kept = digits.slice(0, digits.length - dropped);
  if (dropped > 0 && digits[kept.length]! >= "5") kept = (BigInt(kept) + 1n).toString();
  const places = scale - dropped;
  if (places <= 0) return kept + "0".repeat(-places);
  const padded = kept.padStart(places + 1, "0");
  const text = `${padded.slice(0, -places)}.${padded.slice(-places)}`;
  return text.replace(/\.?0+$/, "");
}
