import type { EdsHealth } from "../resources/cluster-load-assignment.ts";

/** Everything that can speak against a host, as Envoy's health flags, in the order in which `/clusters` lists them. */
export const hostHealthFlags = [
  "failed_active_hc",
  "failed_outlier_check",
  "failed_eds_health",
  "degraded_active_hc",
  "degraded_eds_health",
  "pending_dynamic_removal",
  "pending_active_hc",
  "excluded_via_immediate_hc_fail",
  "active_hc_timeout",
  "eds_status_draining",
] as const;

export type HostHealthFlag = (typeof hostHealthFlags)[number];

/** What load balancing makes of the flags. */
export type HostHealth = "healthy" | "degraded" | "unhealthy";

const unhealthyFlags = [
  "failed_active_hc",
  "failed_outlier_check",
  "failed_eds_health",
  "eds_status_draining",
] as const;
const degradedFlags = ["degraded_active_hc", "degraded_eds_health"] as const;
const excludedFlags = ["pending_active_hc", "excluded_via_immediate_hc_fail", "eds_status_draining"] as const;

/**
 * The health flags of a host at one address of a cluster. EDS, active health checks and outlier detection each set their own;
 * load balancing sees a change when the cluster is told (`ActiveCluster.healthChanged`).
 */
export class HostFlags {
  readonly #raised = new Set<HostHealthFlag>();

  has(flag: HostHealthFlag): boolean {
    return this.#raised.has(flag);
  }

  /** True when this changed something. */
  set(flag: HostHealthFlag, isRaised: boolean): boolean {
    if (this.#raised.has(flag) === isRaised) return false;
    if (isRaised) this.#raised.add(flag);
    else this.#raised.delete(flag);
    return true;
  }

  /** Takes over what EDS says, in place of what it said before. */
  setEds(health: EdsHealth): void {
    this.set("failed_eds_health", health === "unhealthy");
    this.set("eds_status_draining", health === "draining");
    this.set("degraded_eds_health", health === "degraded");
  }

  get health(): HostHealth {
    if (this.#raised.size === 0) return "healthy";
    if (unhealthyFlags.some((flag) => this.#raised.has(flag))) return "unhealthy";
    return degradedFlags.some((flag) => this.#raised.has(flag)) ? "degraded" : "healthy";
  }

  /** The host counts neither for nor against its priority: it waits for its first health check, or is to be left alone. */
  get isExcluded(): boolean {
    return this.#raised.size > 0 && excludedFlags.some((flag) => this.#raised.has(flag));
  }

  /** As `/clusters` has it: `healthy`, or `/flag/flag`. */
  get text(): string {
    const raised = hostHealthFlags.filter((flag) => this.#raised.has(flag));
    return raised.length === 0 ? "healthy" : raised.map((flag) => `/${flag}`).join("");
  }
}
