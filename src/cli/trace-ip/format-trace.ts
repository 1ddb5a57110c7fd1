import { formatPlace, type Place } from "../../base/problem.ts";
import type { Loss } from "../../checks/client-ip/explain-loss.ts";
import type { Spoofer } from "../../checks/client-ip/spoofing.ts";
import { arrives, type Trace, type TracedHop } from "../../checks/client-ip/trace-chain.ts";
import type { TracedHeader, Wire } from "../../checks/client-ip/wire.ts";
import type { Colors } from "../color.ts";

/** A trace for people: a block a hop, then what is lost and by which line. */
export function formatTrace(trace: Trace, colors: Colors): string {
  const { from, front, hops, losses, delivered } = trace;
  const isDirect = front.headers.length === 0;
  const lines = [
    colors.bold(
      `client ${from}${isDirect ? "" : `, through ${front.tcpSource}, which sends a PROXY header`}`,
    ),
    ...hops.flatMap((hop) => hopLines(hop, colors)),
    ...(delivered ? ["upstream", ...wireLines(delivered)] : []),
    ...losses.flatMap((loss) => lossLines(loss, colors)),
    arrives(trace)
      ? colors.green(`${from} arrives`)
      : colors.red(losses.length > 0 ? `${from} is lost` : `nothing tells the upstream of ${from}`),
  ];
  return `${lines.join("\n")}\n`;
}

function hopLines({ hop, arriving, result, isKnown, spoofers }: TracedHop, colors: Colors): string[] {
  const { name, listener, place } = hop.settings;
  const title = `${name === listener ? name : `${name}, listener ${listener}`}${placeText(place)}`;
  const incoming = wireLines(arriving);
  if (result.kind === "refused") return [title, ...incoming, colors.red(`  refuses it: ${result.reason}`)];
  const { cluster } = result.way;
  const client = isKnown ? colors.green(result.client) : colors.yellow(result.client);
  return [
    title,
    ...incoming,
    ...field("remote address", result.read ? `${result.remote}, of the PROXY header` : result.remote),
    ...(result.way.filter.kind === "http" ? field("trusted client", client) : []),
    ...(result.unknown === undefined ? [] : field("not predicted", result.unknown)),
    ...spoofers.map((spoofer) => colors.yellow(`  can be forged by ${spooferText(spoofer, name)}`)),
    `  to cluster ${cluster.name}${placeText(cluster.place)}`,
    ...result.way.unfollowed.flatMap(({ message, place: where }) =>
      field("not predicted", `${message}${placeText(where)}`),
    ),
  ];
}

/** What a connection carries, a line each. */
function wireLines({ tcpSource, headers, xff }: Wire): string[] {
  return [
    ...field("TCP source", tcpSource),
    ...headers.flatMap((header) => field("PROXY header", headerText(header))),
    ...(xff ? field("x-forwarded-for", xff.join(",")) : []),
  ];
}

function headerText({ version, source }: TracedHeader): string {
  return `${version} ${source ?? "naming nobody"}`;
}

function field(name: string, value: string): string[] {
  return [`  ${name.padEnd(16)} ${value}`];
}

function spooferText({ who, means }: Spoofer, hop: string): string {
  return who === "client" ? `the client, who writes ${means}` : `whoever can connect to ${hop}, by ${means}`;
}

function lossLines({ hop, place, message, advice }: Loss, colors: Colors): string[] {
  const where = place ? `${formatPlace(place)} ` : "";
  return [`${colors.red(colors.bold("lost:"))} ${where}${hop}: ${message}`, `  advice: ${advice}`];
}

function placeText(place: Place | undefined): string {
  return place ? ` (${formatPlace(place)})` : "";
}
