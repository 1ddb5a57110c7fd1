import type { Colors } from "../color.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { Attempt } from "./attempt.ts";
import type { Verdict, VerdictKind } from "./judge.ts";
import { describeReply, replyOf } from "./reply.ts";
import type { ProbeResult } from "./run-probe.ts";

/** The result for people: the verdict, one line a version, what was tried, and what to do. */
export function formatProbe(target: string, result: ProbeResult, colors: Colors): string {
  const { overall, versions, tried, takesAddresses } = result;
  const isGood = overall.kind === "demands" || overall.kind === "understands";
  const paint = isGood ? colors.green : overall.kind === "cannot-tell" ? colors.yellow : colors.red;
  const lines = [
    `${target} ${paint(colors.bold(isReached(result) ? claimOf(overall.kind) : "cannot be reached"))}`,
    ...versions.map((verdict) => `  ${verdict.version}: ${verdictText(verdict)}`),
    "evidence:",
    ...tried.map(
      ({ attempt, observation }) => `  ${attemptText(attempt)}: ${describeReply(replyOf(observation))}`,
    ),
    ...(takesAddresses === false
      ? ["It takes a header that names nobody, and not one with this connection's addresses."]
      : []),
    ...(isReached(result) ? [`advice: ${adviceOn(overall.kind)}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function isReached({ tried }: ProbeResult): boolean {
  return tried.some(({ observation }) => observation.kind === "connected");
}

function verdictText({ kind, confidence, because }: Verdict): string {
  return kind === "cannot-tell"
    ? `cannot tell: ${because}`
    : `${kind} (confidence ${confidence}): ${because}`;
}

/** `without a header, HTTP request`. */
export function attemptText(attempt: Attempt): string {
  const payload = { nothing: "nothing else", http: "HTTP request", tls: "TLS ClientHello" }[attempt.payload];
  if (attempt.header === "none") return `without a header, ${payload}`;
  const names = {
    V1: { local: "UNKNOWN", own: "own addresses", broken: "broken" },
    V2: { local: "LOCAL", own: "own addresses", broken: "broken" },
  };
  return `${attempt.version} header (${names[attempt.version][attempt.header]}), ${payload}`;
}

function claimOf(kind: VerdictKind): string {
  switch (kind) {
    case "demands":
      return "understands the PROXY header and demands it";
    case "understands":
      return "understands the PROXY header and serves without it too";
    case "ignores":
      return "does not read the PROXY header: it takes it for data";
    case "rejects":
      return "does not take the PROXY header";
    case "cannot-tell":
      return "does not show whether it reads PROXY headers";
    default:
      return unreachable(kind);
  }
}

function adviceOn(kind: VerdictKind): string {
  switch (kind) {
    case "demands":
      return "give the cluster an upstream_proxy_protocol transport socket, and health checks go through it too";
    case "understands":
      return "whoever reaches it can claim any address or come without one: let only the proxy reach it";
    case "ignores":
    case "rejects":
      return "set no upstream_proxy_protocol towards it; x-forwarded-for or original_src carry the address instead";
    case "cannot-tell":
      return "say what it speaks (--http, --tls), wait longer (--wait), or ask it from the proxy's own machine";
    default:
      return unreachable(kind);
  }
}
