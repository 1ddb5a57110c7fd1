/** The system's texts for why a connection cannot be made. */
const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
};

/** Errors that the system has at once, without asking the network. */
const immediate = new Set(["ENETUNREACH", "EADDRNOTAVAIL", "ENOENT", "EACCES"]);

/** Why a connection could not be made, as Envoy's transport failure reason says it; undefined for what it has no words for. */
export function connectErrorText(error: Error): string | undefined {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const text = texts[code];
  if (text === undefined) return undefined;
  return `${immediate.has(code) ? "immediate" : "delayed"} connect error: ${text}`;
}
