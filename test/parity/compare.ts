import type { JsonValue } from "../kit/json.ts";

/** One place where two outcomes differ. */
export interface Difference {
  /** `lines[3]`, or empty for the whole. */
  readonly path: string;
  /** Undefined: it has no such thing. */
  readonly envoy: JsonValue | undefined;
  readonly bundled: JsonValue | undefined;
}

/** All places where outcomes differ, deep. */
export function differences(
  envoy: JsonValue | undefined,
  bundled: JsonValue | undefined,
  path = "",
): readonly Difference[] {
  if (isList(envoy) && isList(bundled)) {
    const longer = envoy.length >= bundled.length ? envoy : bundled;
    return longer.flatMap((_, index) => differences(envoy[index], bundled[index], `${path}[${index}]`));
  }
  if (isObject(envoy) && isObject(bundled)) {
    const keys = [...new Set([...Object.keys(envoy), ...Object.keys(bundled)])].sort();
    return keys.flatMap((key) => differences(envoy[key], bundled[key], path === "" ? key : `${path}.${key}`));
  }
  return envoy === bundled ? [] : [{ path, envoy, bundled }];
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
