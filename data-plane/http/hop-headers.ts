import type { HeaderList } from "../network/header-list.ts";

/** Headers that a sender may not have removed by naming them in `connection`: the rest of the path relies on them. */
const essential: ReadonlySet<string> = new Set([
  "content-length",
  "host",
  "transfer-encoding",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

const maxNominated = 10;

/**
 * Takes away what is meant for this hop only (RFC 9110, section 7.6.1). False when `connection` names what must not be taken away.
 */
export function removeHopHeaders(headers: HeaderList): boolean {
  const connection = headers.get("connection");
  if (connection !== undefined && !removeNominated(headers, connection.toLowerCase())) return false;
  sanitizeTe(headers);
  headers.removeWhere(isHopHeader);
  return true;
}

function removeNominated(headers: HeaderList, connection: string): boolean {
  const names = connection.split(",").map((name) => name.trim());
  if (names.length > maxNominated) return false;
  for (const name of names) {
    if (essential.has(name) || name.startsWith(":")) return false;
    if (name !== "" && name !== "te" && name !== "close" && name !== "keep-alive") headers.remove(name);
  }
  return true;
}

/** Only `trailers` may be asked of the next hop. */
function sanitizeTe(headers: HeaderList): void {
  const te = headers.get("te");
  if (te === undefined) return;
  const wantsTrailers = te.split(",").some((coding) => coding.trim().toLowerCase() === "trailers");
  if (wantsTrailers) headers.set("te", "trailers");
  else headers.remove("te");
}

export function isHopHeader(name: string): boolean {
  switch (name) {
    case "connection":
    case "keep-alive":
    case "proxy-connection":
    case "transfer-encoding":
    case "upgrade":
    case "http2-settings":
      return true;
    default:
      return false;
  }
}
