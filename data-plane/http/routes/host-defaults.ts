import type { Route, VirtualHost } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { RetryPolicy } from "../forward/retry-policy.ts";
import { parseRetryPolicy, retryPolicySupport } from "../forward/retry-policy.ts";
import type { SupportTable } from "../../resources/support.ts";
import type { AttemptCount } from "./route.ts";

/** What a virtual host says for its routes. */
export interface HostDefaults {
  readonly retryPolicy: RetryPolicy | undefined;
  readonly attemptCount: AttemptCount;
  readonly bufferLimitBytes: number | undefined;
}

export const bufferLimitSupport: SupportTable = {
  per_request_buffer_limit_bytes: true,
  request_body_buffer_limit: true,
};

export const hostDefaultsSupport: SupportTable = {
  ...bufferLimitSupport,
  retry_policy: retryPolicySupport,
  include_request_attempt_count: true,
  include_attempt_count_in_response: true,
  include_is_timeout_retry_header: true,
};

export function parseHostDefaults(host: VirtualHost, path: string, problems: Problem[]): HostDefaults {
  const policy = host.retry_policy;
  return {
    retryPolicy: policy ? parseRetryPolicy(policy, `${path}.retry_policy`, problems) : undefined,
    attemptCount: {
      isInRequest: host.include_request_attempt_count ?? false,
      isInResponse: host.include_attempt_count_in_response ?? false,
      isTimeoutTold: host.include_is_timeout_retry_header ?? false,
    },
    bufferLimitBytes: bufferLimit(host),
  };
}

/** `request_body_buffer_limit`, or the older field that it stands in for. */
export function bufferLimit({
  request_body_buffer_limit: limit,
  per_request_buffer_limit_bytes: older,
}: Pick<Route, "request_body_buffer_limit" | "per_request_buffer_limit_bytes">): number | undefined {
  if (limit) return Number(limit.value ?? 0);
  return older ? (older.value ?? 0) : undefined;
}
