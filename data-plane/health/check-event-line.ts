import { unreachable } from "../../src/base/unreachable.ts";
import type { Address } from "../network/address.ts";
import type { CheckerConfig } from "../resources/health-check.ts";
import type { LocalityConfig } from "../resources/cluster-load-assignment.ts";
import type { CheckEvent } from "./check-verdict.ts";

/** Whom an event is about. */
export interface CheckEventSubject {
  readonly checker: CheckerConfig["kind"];
  readonly cluster: string;
  readonly address: Address;
  readonly locality: LocalityConfig;
}

/**
 * A line of the event log, its line break included: `envoy.data.core.v3.HealthCheckEvent` as Envoy writes it, fields by number and
 * primitive ones even when they are empty. `nowMs`: since the Unix epoch.
 */
export function checkEventLine(event: CheckEvent, subject: CheckEventSubject, nowMs: number): string {
  const { region, zone, subZone } = subject.locality;
  // Fields 4 and 5 of the message stand before the time, the later ones behind it.
  const isEarly = event.kind === "eject_unhealthy_event" || event.kind === "add_healthy_event";
  const isLate = event.kind === "successful_health_check_event";
  const told = { [event.kind]: eventJson(event) };
  return `${JSON.stringify({
    health_checker_type: subject.checker.toUpperCase(),
    host: addressJson(subject.address),
    cluster_name: subject.cluster,
    ...(isEarly && told),
    timestamp: timestamp(nowMs),
    ...(!isEarly && !isLate && told),
    locality: { region, zone, sub_zone: subZone },
    ...(isLate && told),
  })}\n`;
}

function eventJson(event: CheckEvent): object {
  switch (event.kind) {
    case "add_healthy_event":
      return { first_check: event.isFirst };
    case "eject_unhealthy_event":
      return { failure_type: event.failure, http_status_code: event.status };
    case "health_check_failure_event":
      return {
        failure_type: event.failure,
        first_check: event.isFirst,
        http_status_code: event.status,
      };
    case "successful_health_check_event":
    case "degraded_healthy_host":
    case "no_longer_degraded_host":
      return {};
    default:
      return unreachable(event);
  }
}

function addressJson(address: Address): object {
  if (address.family === "pipe") return { pipe: { path: address.path, mode: 0 } };
  return {
    socket_address: {
      protocol: "TCP",
      address: address.address,
      port_value: address.port,
      resolver_name: "",
      ipv4_compat: false,
      network_namespace_filepath: "",
    },
  };
}

/** As proto3 JSON has it: no fraction, or three digits of it. */
function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(".000Z", "Z");
}
