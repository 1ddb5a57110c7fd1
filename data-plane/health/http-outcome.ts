import type { HeaderList } from "../network/header-list.ts";
import type { HttpCheckerConfig } from "../resources/health-check.ts";
import { isInRanges } from "../resources/status-range.ts";
import type { CheckOutcome } from "./check-verdict.ts";
import { holdsInOrder } from "./payload.ts";

/** A response to a check, its body as far as it was kept. */
export interface CheckResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

const IMMEDIATE_FAIL = "x-envoy-immediate-health-check-fail";
const DEGRADED = "x-envoy-degraded";
const CHECKED_CLUSTER = "x-envoy-upstream-healthchecked-cluster";

/** What a response says of its host. `onServiceVerified` is told when the name of the service is looked at. */
export function httpOutcome(
  config: HttpCheckerConfig,
  { status, headers, body }: CheckResponse,
  onServiceVerified: () => void,
): CheckOutcome {
  const failed = (isRetriable: boolean, isImmediate: boolean): CheckOutcome => ({
    kind: "failed",
    failure: "ACTIVE",
    isRetriable,
    isImmediate,
    status,
  });
  const isImmediate = headers.has(IMMEDIATE_FAIL);
  if (!holdsInOrder(config.receive, body)) return failed(false, isImmediate);
  if (!isInRanges(status, config.expected)) return failed(isInRanges(status, config.retriable), isImmediate);
  if (config.isExpectedService) {
    onServiceVerified();
    if (!config.isExpectedService(headers.get(CHECKED_CLUSTER) ?? "")) return failed(false, false);
  }
  return { kind: "passed", isDegraded: headers.has(DEGRADED) };
}

/** As much of a response's body as is looked at. */
export class CheckedBody {
  readonly #limitBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor({ receive, responseBufferBytes }: HttpCheckerConfig) {
    // A response of any length is to be held where no limit is set; what is not looked for is not held.
    this.#limitBytes = receive.length === 0 ? 0 : responseBufferBytes || Number.POSITIVE_INFINITY;
  }

  add(data: Buffer): void {
    if (this.#length >= this.#limitBytes) return;
    const part = data.subarray(0, this.#limitBytes - this.#length);
    this.#parts.push(Buffer.from(part));
    this.#length += part.length;
  }

  /** What was kept; the next response begins empty. */
  take(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    this.#length = 0;
    return Buffer.concat(parts);
  }
}
