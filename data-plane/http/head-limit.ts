import type { ManagerConfig } from "./manager-config.ts";

/** What a head that does not come in time is answered with. */
export interface HeadLimit {
  readonly timeoutMs: number;
  readonly text: string;
  readonly details: string;
  readonly flag: string | undefined;
  readonly counter: "downstream_rq_header_timeout" | "downstream_rq_timeout" | "downstream_rq_idle_timeout";
}

/** The limit of a head that is reached first; undefined when there is none. */
export function headLimit(config: ManagerConfig): HeadLimit | undefined {
  const limits: readonly HeadLimit[] = [
    {
      timeoutMs: config.headersTimeoutMs,
      text: "request header timeout",
      details: "request_header_timeout",
      flag: undefined,
      counter: "downstream_rq_header_timeout",
    },
    {
      timeoutMs: config.requestTimeoutMs,
      text: "request timeout",
      details: "request_overall_timeout",
      flag: undefined,
      counter: "downstream_rq_timeout",
    },
    {
      timeoutMs: config.streamIdleTimeoutMs,
      text: "stream timeout",
      details: "stream_idle_timeout",
      flag: "SI",
      counter: "downstream_rq_idle_timeout",
    },
  ];
  return limits
    .filter(({ timeoutMs }) => timeoutMs > 0)
    .reduce<HeadLimit | undefined>(
      (first, one) => (first && first.timeoutMs <= one.timeoutMs ? first : one),
      undefined,
    );
}
