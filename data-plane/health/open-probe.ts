import { unreachable } from "../../src/base/unreachable.ts";
import type { Host } from "../network/upstream.ts";
import type { HealthCheckConfig } from "../resources/health-check.ts";
import type { DialForCheck } from "./check-connection.ts";
import { GrpcProbe } from "./grpc-probe.ts";
import { Http1Probe } from "./http1-probe.ts";
import { Http2Probe } from "./http2-probe.ts";
import type { Probe, ReportOutcome } from "./probe.ts";
import { TcpProbe } from "./tcp-probe.ts";

export interface ProbeOptions {
  readonly config: HealthCheckConfig;
  readonly host: Host;
  /** The endpoint's own, and the cluster's: what the host is called where the check does not say. */
  readonly hostname: string;
  readonly cluster: string;
  readonly scheme: string;
  readonly dial: DialForCheck;
  readonly report: ReportOutcome;
  /** The name of the service in a response has been looked at. */
  readonly onServiceVerified: () => void;
}

/** What checks a host in the protocol of the configuration. */
export function openProbe(options: ProbeOptions): Probe {
  const { config, host, hostname, cluster, scheme, dial, report, onServiceVerified } = options;
  const { checker, reusesConnection: isKept, timeoutMs } = config;
  const subject = (configured: string) => ({ host, scheme, authority: hostname || configured || cluster });
  switch (checker.kind) {
    case "tcp":
      return new TcpProbe(checker, isKept, dial, report);
    case "http": {
      const http = {
        config: checker,
        subject: subject(checker.host),
        isKept,
        dial,
        report,
        onServiceVerified,
      };
      return checker.isHttp2 ? new Http2Probe(http) : new Http1Probe(http);
    }
    case "grpc":
      return new GrpcProbe({
        config: checker,
        subject: subject(checker.authority),
        isKept,
        timeoutMs,
        dial,
        report,
      });
    default:
      return unreachable(checker);
  }
}
