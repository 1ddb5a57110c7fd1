import { unreachable } from "../../src/base/unreachable.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { HttpDate } from "./http-date.ts";
import type { ManagerConfig } from "./manager-config.ts";

/** Sets what the connection manager has every answer say: date, server, request id, via. */
export function applyResponseRules(
  headers: HeaderList,
  request: HeaderList,
  config: ManagerConfig,
  date: HttpDate,
): void {
  if (!headers.has("date")) headers.add("date", date.text);
  switch (config.serverHeader) {
    case "OVERWRITE":
      headers.set("server", config.serverName);
      break;
    case "APPEND_IF_ABSENT":
      if (!headers.has("server")) headers.add("server", config.serverName);
      break;
    case "PASS_THROUGH":
      break;
    default:
      unreachable(config.serverHeader);
  }
  if (config.answersRequestId) {
    const id = request.get("x-request-id");
    if (id !== undefined) headers.set("x-request-id", id);
  }
  if (config.via !== "") {
    const before = headers.get("via");
    headers.set("via", before === undefined || before === "" ? config.via : `${before}, ${config.via}`);
  }
}
