import { connect } from "node:net";
import { endpointAddress } from "../../../data-plane/network/address.ts";
import type { DialForCheck } from "../../../data-plane/health/check-connection.ts";
import type { CheckSubject } from "../../../data-plane/health/check-request.ts";
import type { CheckOutcome } from "../../../data-plane/health/check-verdict.ts";
import type { Probe, ReportOutcome } from "../../../data-plane/health/probe.ts";
import type { CheckerConfig } from "../../../data-plane/resources/health-check.ts";
import { parseHealthChecks } from "../../../data-plane/resources/health-check.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { within } from "../../kit/within.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";

/** The checker of a `health_checks` entry, from its YAML without braces. */
export function checkerConfig<Kind extends CheckerConfig["kind"]>(
  kind: Kind,
  yaml: string,
): Extract<CheckerConfig, { kind: Kind }> {
  const typeName = "envoy.config.cluster.v3.Cluster";
  const text = `{name: c, health_checks: [{timeout: 1s, interval: 1s, healthy_threshold: 1, unhealthy_threshold: 1, ${yaml}}]}`;
  const parsed = parseHealthChecks(asType(typeName, message(typeName, text)), true, parseContext(), "");
  const { checker } = valueOf({ value: parsed.value, problems: parsed.problems }) ?? {};
  if (!checker || !isOfKind(checker, kind)) throw new Error(`no check of ${kind}`);
  return checker;
}

function isOfKind<Kind extends CheckerConfig["kind"]>(
  checker: CheckerConfig,
  kind: Kind,
): checker is Extract<CheckerConfig, { kind: Kind }> {
  return checker.kind === kind;
}

/** Dials a port of loopback; `header` is what the transport socket wants to go out first. */
export function dialTo(port: number, header?: Buffer): DialForCheck {
  return (onConnected, onFailure) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let isSettled = false;
    socket.on("error", () => {
      if (isSettled) return;
      isSettled = true;
      onFailure();
    });
    socket.on("connect", () => {
      if (isSettled) return;
      isSettled = true;
      const local = endpointAddress(socket.localAddress, socket.localPort);
      const remote = endpointAddress(socket.remoteAddress, socket.remotePort);
      onConnected({ socket, local, remote, header });
    });
    return () => {
      isSettled = true;
      socket.destroy();
    };
  };
}

export const subject: CheckSubject = {
  host: {
    address: { family: "IPv4", address: "127.0.0.1", port: 80 },
    hostname: "",
    metadata: { filter: new Map(), typed: new Map() },
  },
  authority: "a.test",
  scheme: "http",
};

/** A probe whose outcomes a test waits for. */
export interface ProbeUnderTest extends Disposable {
  readonly probe: Probe;
  /** The next outcome: `passed`, `degraded`, or the kind of failure. */
  outcome(): Promise<string>;
  /** Starts a check and waits for its outcome. */
  check(): Promise<string>;
}

export function probeUnderTest(open: (report: ReportOutcome) => Probe): ProbeUnderTest {
  const outcomes: CheckOutcome[] = [];
  let onOutcome: (() => void) | undefined;
  const probe = open((outcome) => {
    outcomes.push(outcome);
    onOutcome?.();
  });
  const outcome = async () => {
    const arrived = new Promise<void>((resolve) => {
      onOutcome = resolve;
    });
    if (outcomes.length === 0) await within(5000, "an outcome", arrived);
    return text(outcomes.shift()!);
  };
  return {
    probe,
    outcome,
    async check() {
      probe.begin();
      return outcome();
    },
    [Symbol.dispose]: () => probe.close(),
  };
}

function text(outcome: CheckOutcome): string {
  if (outcome.kind === "passed") return outcome.isDegraded ? "degraded" : "passed";
  return `${outcome.failure}${outcome.isRetriable ? " retriable" : ""}${outcome.isImmediate ? " immediate" : ""}`;
}
