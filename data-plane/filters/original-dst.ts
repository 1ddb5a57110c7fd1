import type { Extension, ListenerFilter } from "../resources/extension.ts";
import { notSupported } from "../resources/support.ts";

/**
 * `envoy.filters.listener.original_dst` is refused: Node.js cannot ask the kernel where a redirected connection was going. To take it and
 * go on with the proxy's own address could have a cluster of type ORIGINAL_DST connect to the proxy itself.
 */
export const originalDst: Extension<ListenerFilter> = {
  typeName: "envoy.extensions.filters.listener.original_dst.v3.OriginalDst",
  parse: (_message, _context, path) => {
    const reason =
      "SO_ORIGINAL_DST, which Node.js cannot read (a PROXY header restores the destination without it),";
    return { problems: [notSupported(path, reason)] };
  },
};
