import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { Extension, NetworkFilter } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.filters.network.direct_response.v3.Config";

/** `envoy.filters.network.direct_response`: answers with fixed bytes, and closes. */
export const directResponse: Extension<NetworkFilter> = {
  typeName,
  parse(message, context, path) {
    const data = readDataSource(asType(typeName, message).response, context.local, `${path}.response`);
    const filter: NetworkFilter = {
      kind: "terminal",
      serve({ socket }) {
        // What is still unread would turn the end into a reset, and the answer could be lost with it.
        socket.resume();
        socket.end(data.value?.bytes ?? "");
      },
    };
    return parsed(
      () => filter,
      [...unsupportedFields(message, { response: dataSourceSupport }, path), ...data.problems],
    );
  },
};
