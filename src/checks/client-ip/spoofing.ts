import { type ChainedHop, passHop } from "./pass-hop.ts";
import { stranger, type TracedAddress, type Wire } from "./wire.ts";

/** Somebody who can make a hop believe any address. */
export interface Spoofer {
  /** `client`: through the front door; `stranger`: by a connection of his own to this hop. */
  readonly who: "client" | "stranger";
  readonly means: "x-forwarded-for" | "PROXY header";
}

const forged = "<forged>";

/**
 * Who can choose the address that each hop takes for the client's. Nobody guesses: forged connections are sent through
 * the same model. `front` is what the client's connection really brings.
 */
export function spoofersOf(chain: readonly ChainedHop[], front: Wire): readonly (readonly Spoofer[])[] {
  const byClient = clientsSeen(chain, { ...front, xff: [forged] });
  return chain.map(({ settings }, index) => {
    const spoofers: Spoofer[] = [];
    if (byClient[index] === forged) spoofers.push({ who: "client", means: "x-forwarded-for" });
    if (!settings.isOpen) return spoofers;
    const rest = chain.slice(index, index + 1);
    const headers = [{ version: "V2", source: forged }] as const;
    const means = (wire: Wire) => clientsSeen(rest, wire)[0] === forged;
    const v1 = [{ version: "V1", source: forged }] as const;
    if (means({ tcpSource: stranger, headers }) || means({ tcpSource: stranger, headers: v1 })) {
      spoofers.push({ who: "stranger", means: "PROXY header" });
    }
    const isForgedByXff = means({ tcpSource: stranger, headers: [], xff: [forged] });
    const isAlsoTheClient = index === 0 && spoofers.some(({ who }) => who === "client");
    if (isForgedByXff && !isAlsoTheClient) spoofers.push({ who: "stranger", means: "x-forwarded-for" });
    return spoofers;
  });
}

/** Whom each hop takes for the client, until one refuses. */
function clientsSeen(chain: readonly ChainedHop[], front: Wire): readonly TracedAddress[] {
  const seen: TracedAddress[] = [];
  let wire = front;
  for (const hop of chain) {
    const passed = passHop(hop, wire);
    if (passed.kind === "refused") break;
    seen.push(passed.client);
    wire = passed.out;
  }
  return seen;
}
