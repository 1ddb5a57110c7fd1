import type { HeaderList } from "../network/header-list.ts";
import type { ManagerConfig } from "./manager-config.ts";

/** The codec's counters. */
interface UnderscoreCounters {
  dropped_headers_with_underscores: number;
  requests_rejected_with_underscores_in_headers: number;
}

/** Does with names that hold an underscore what the manager has; false when the request is not to be taken. */
export function checkUnderscores(
  headers: HeaderList,
  action: ManagerConfig["underscores"],
  counters: UnderscoreCounters,
): boolean {
  if (action === "ALLOW" || !headers.hasWhere(hasUnderscore)) return true;
  if (action === "REJECT_REQUEST") {
    counters.requests_rejected_with_underscores_in_headers += 1;
    return false;
  }
  const before = headers.count;
  headers.removeWhere(hasUnderscore);
  counters.dropped_headers_with_underscores += before - headers.count;
  return true;
}

function hasUnderscore(name: string): boolean {
  return name.includes("_");
}
