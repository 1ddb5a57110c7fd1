/** When a request is tried again, by the names of `retry_on` and of the header `x-envoy-retry-on`. */
const names = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "envoy-ratelimited",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

export type RetryCondition = (typeof names)[number];

const known: ReadonlyMap<string, RetryCondition> = new Map(names.map((name) => [name, name]));

/** The gRPC conditions, by the number of the status. */
export const grpcConditions: ReadonlyMap<string, RetryCondition> = new Map([
  ["1", "cancelled"],
  ["4", "deadline-exceeded"],
  ["8", "resource-exhausted"],
  ["13", "internal"],
  ["14", "unavailable"],
]);

/** Reads a comma-separated list; `unknown` are the names that are none. */
export function readRetryOn(list: string): {
  readonly conditions: ReadonlySet<RetryCondition>;
  readonly unknown: readonly string[];
} {
  const conditions = new Set<RetryCondition>();
  const unknown: string[] = [];
  for (const name of list.split(",").map((part) => part.trim())) {
    const condition = known.get(name);
    if (condition) conditions.add(condition);
    else if (name !== "") unknown.push(name);
  }
  return { conditions, unknown };
}
