import type { Colors } from "../color.ts";
import type { HopEntry } from "./hop.ts";
import type { Sighting } from "./upstream.ts";

/** What is known of one request once it is through. */
export interface Journey {
  /** Whom the load balancer's header named. */
  readonly client: string;
  /** In the order that the request went through them. */
  readonly hops: readonly HopEntry[];
  readonly upstream: Sighting;
}

/** The journey hop by hop, for people. Ends in a line break. */
export function tellJourney({ client, hops, upstream }: Journey, colors: Colors): string {
  const address = (text: string) => (text === client ? colors.green(text) : colors.yellow(text));
  const lines = [
    `${title("client")} a load balancer says in a PROXY v1 line that the client is ${address(client)}`,
    ...hops.flatMap((hop) => [
      `${title(hop.hop)} its TCP peer is ${address(hop.peer)}, the header says ${address(hop.client)}`,
      `${title("")} connects from ${address(hop.from)} to ${hop.upstream} and writes a header of its own`,
    ]),
    `${title("upstream")} its TCP peer is ${address(upstream.peer)}, the header says ${address(upstream.client)}`,
    `${title("")} it read: ${colors.dim(upstream.header)}`,
  ];
  const isKept = upstream.client === client;
  const verdict = isKept
    ? colors.green(`The upstream knows the client: ${client}.`)
    : colors.red(`The client's address got lost: the upstream takes ${upstream.client} for it.`);
  return `${lines.join("\n")}\n\n${verdict}\n`;

  function title(name: string): string {
    return `  ${colors.bold(name.padEnd(8))}`;
  }
}
