import type { HeaderList } from "../network/header-list.ts";

/** Headers that a sender may not have removed by naming them in `connection`: the rest of the path relies on them. */
const essential: ReadonlySet<string> = new Set(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);

const maxNominated = 10;

/** What `connection` may hold beside names of headers, or what goes its own way. */
const ownTokens: ReadonlySet<string> = new Set(["", "close", "keep-alive", "te", "upgrade"]);

/** What the headers for this hop said, now that they are gone. */
export interface HopHeaders {
  /** No request is to follow. */
  readonly wantsClose: boolean;
  /** A request may follow, which in HTTP/1.0 has to be said. */
  readonly wantsKeepAlive: boolean;
  /** The connection is wanted for another protocol: `connection` and `upgrade` have stayed to tell. */
  readonly isUpgrade: boolean;
}

const nothing: HopHeaders = { wantsClose: false, wantsKeepAlive: false, isUpgrade: false };

/**
 * Reads and takes away what is meant for this hop only (RFC 9110, section 7.6.1). Undefined when `connection` names what must not be
 * taken away.
 */
export function readHopHeaders(headers: HeaderList): HopHeaders | undefined {
  const connection = headers.get("connection")?.toLowerCase();
  const upgrade = headers.get("upgrade");
  const isUpgrade =
    upgrade !== undefined && upgrade.toLowerCase() !== "h2c" && (connection ?? "").includes("upgrade");
  const proxyConnection = headers.get("proxy-connection")?.toLowerCase();
  const wantsClose =
    (connection !== undefined && hasToken(connection, "close")) ||
    (proxyConnection !== undefined && hasToken(proxyConnection, "close"));
  if (connection !== undefined && !removeNominated(headers, connection)) return undefined;
  sanitizeTe(headers);
  headers.removeWhere(isUpgrade ? isHopHeaderBesideUpgrade : isHopHeader);
  const wantsKeepAlive = connection !== undefined && hasToken(connection, "keep-alive");
  return wantsClose || wantsKeepAlive || isUpgrade ? { wantsClose, wantsKeepAlive, isUpgrade } : nothing;
}

function hasToken(value: string, token: string): boolean {
  return value === token || value.split(",").some((part) => part.trim() === token);
}

function removeNominated(headers: HeaderList, connection: string): boolean {
  const names = connection.split(",").map((name) => name.trim());
  if (names.length > maxNominated) return false;
  for (const name of names) {
    if (essential.has(name) || name.startsWith(":")) return false;
    if (!ownTokens.has(name)) headers.remove(name);
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

export function isHopHeaderBesideUpgrade(name: string): boolean {
  return name !== "connection" && name !== "upgrade" && isHopHeader(name);
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
