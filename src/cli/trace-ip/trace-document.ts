import { arrives, type Trace } from "../../checks/client-ip/trace-chain.ts";

/** A trace as JSON values; a place is `{file, line, column}`. */
export function traceDocument(trace: Trace): Readonly<Record<string, unknown>> {
  const { from, front, hops, losses, delivered } = trace;
  return {
    from,
    arrives: arrives(trace),
    front,
    hops: hops.map(({ hop: { settings }, arriving, result, isKnown, spoofers }) => ({
      name: settings.name,
      listener: settings.listener,
      place: settings.place,
      arriving,
      ...(result.kind === "refused"
        ? { refused: { reason: result.reason, place: result.place } }
        : {
            remoteAddress: result.remote,
            client: result.client,
            isKnown,
            cluster: result.way.cluster.name,
            toUpstream: result.out,
            notPredicted: [
              ...(result.unknown === undefined ? [] : [{ message: result.unknown }]),
              ...result.way.unfollowed,
            ],
          }),
      canBeForgedBy: spoofers,
    })),
    losses,
    delivered,
  };
}
