import { STATUS_CODES } from "node:http";

/** Codes of newer or odder standards, for which Envoy has no phrase. */
const unknown: ReadonlySet<number> = new Set([102, 103, 418, 451, 509]);

/** The phrase of a status line, as Envoy has it. */
export function statusPhrase(status: number): string {
  if (status === 599) return "Last Unassigned Server Error Code";
  return (unknown.has(status) ? undefined : STATUS_CODES[status]) ?? "Unknown";
}
