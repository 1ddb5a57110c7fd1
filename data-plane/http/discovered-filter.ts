import { localReply } from "../network/http-message.ts";
import type { Slot } from "../resources/config-discovery.ts";
import type { HttpFilter, HttpFilterStream, HttpStreamView } from "../resources/http-filter.ts";
import type { ChainFilter } from "./filter-run.ts";

/** A filter that ECDS brings, and may bring anew: each request has the one of its beginning, and 500 while there is none (XC-48). */
export function discoveredFilter(slot: Slot<HttpFilter>): ChainFilter["filter"] {
  return {
    kind: "stream",
    open(view) {
      const filter = slot.current;
      if (!filter) return missing(view);
      // The router is no part of the chain that requests run through.
      return filter.kind === "stream" ? filter.open(view) : undefined;
    },
  };
}

function missing(view: HttpStreamView): HttpFilterStream {
  return {
    onRequestHead() {
      view.addResponseFlag("NFCF");
      return { kind: "reply", reply: localReply(500, "") };
    },
  };
}
