import { STATUS_CODES } from "node:http";

/** The phrase of a status line. */
export function statusPhrase(status: number): string {
  return STATUS_CODES[status] ?? "Unknown";
}
