import type { Extension } from "../resources/extension.ts";
import type { HttpFilter } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.filters.http.router.v3.Router";

/** `envoy.filters.http.router`: the filter that forwards. What it does is the exchange's; this reads how. */
export const router: Extension<HttpFilter> = {
  typeName,
  parse(message, _context, path) {
    const { suppress_envoy_headers: suppressesEnvoyHeaders = false } = asType(typeName, message);
    const filter: HttpFilter = { kind: "router", suppressesEnvoyHeaders };
    return parsed(() => filter, unsupportedFields(message, { suppress_envoy_headers: true }, path));
  },
};
