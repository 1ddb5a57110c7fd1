import type { GrpcCheckerConfig } from "../resources/health-check.ts";
import type { DialForCheck } from "./check-connection.ts";
import { grpcCheckHeaders, type CheckSubject } from "./check-request.ts";
import type { CheckOutcome } from "./check-verdict.ts";
import { healthRequest, HealthResponse } from "./grpc-health.ts";
import { Http2CheckSession } from "./http2-check-session.ts";
import type { Probe, ReportOutcome } from "./probe.ts";
import { networkFailure, passed } from "./probe.ts";

export interface GrpcProbeOptions {
  readonly config: GrpcCheckerConfig;
  readonly subject: CheckSubject;
  readonly isKept: boolean;
  readonly timeoutMs: number;
  readonly dial: DialForCheck;
  readonly report: ReportOutcome;
}

/** A gRPC check: `grpc.health.v1.Health/Check`. Whatever is not SERVING by the protocol fails the host at once. */
export class GrpcProbe implements Probe {
  readonly #options: GrpcProbeOptions;
  readonly #session: Http2CheckSession;

  constructor(options: GrpcProbeOptions) {
    this.#options = options;
    this.#session = new Http2CheckSession(options.dial);
  }

  begin(): void {
    const { config, subject, report, isKept, timeoutMs } = this.#options;
    const response = new HealthResponse();
    let isOver = false;
    const finish = (outcome: CheckOutcome) => {
      if (isOver) return;
      isOver = true;
      this.#session.finish(isKept);
      report(outcome);
    };
    let isGrpc = false;
    this.#session.request(
      {
        scheme: subject.scheme,
        pseudoHeaders: {
          ":method": "POST",
          ":path": "/grpc.health.v1.Health/Check",
          ":authority": subject.authority,
        },
        headers: grpcCheckHeaders(config.mutation, subject, timeoutMs),
        body: healthRequest(config.serviceName),
      },
      {
        onHead: (status, headers) => {
          isGrpc = status === 200 && isGrpcContent(headers.get("content-type"));
          if (!isGrpc || headers.has("grpc-status")) finish(unhealthy);
        },
        onData: (data) => {
          if (!response.add(data)) finish(unhealthy);
        },
        onEnd: (trailers) => {
          const isOk = isGrpc && trailers.get("grpc-status") === "0" && response.isServing;
          finish(isOk ? passed : unhealthy);
        },
        onBroken: () => finish(networkFailure),
      },
    );
  }

  giveUp(): void {
    this.#session.finish(this.#options.isKept);
  }

  close(): void {
    this.#session.close();
  }
}

/** The host spoke, and did not say that it serves. */
const unhealthy: CheckOutcome = {
  kind: "failed",
  failure: "ACTIVE",
  isRetriable: false,
  isImmediate: false,
  status: 0,
};

function isGrpcContent(type: string | undefined): boolean {
  return type === "application/grpc" || (type?.startsWith("application/grpc+") ?? false);
}
