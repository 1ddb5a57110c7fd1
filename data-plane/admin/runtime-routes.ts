import { entryOfText } from "../resources/runtime-entry.ts";
import type { AdminRoute } from "./admin-route.ts";
import { jsonReply, textReply } from "./admin-route.ts";

/** The layers of the runtime and what each says of each key. */
export const runtimeRoute: AdminRoute = {
  path: "/runtime",
  isMutation: false,
  help: "print runtime values",
  parameters: {},
  answer({ runtime: { layers } }) {
    const keys = [...new Set(layers.flatMap(({ entries }) => [...entries.keys()]))].sort();
    const shown = keys.map((key) => {
      const layerValues = layers.map(({ entries }) => entries.get(key)?.text ?? "");
      const final = layerValues.findLast((value) => value !== "") ?? "";
      return [key, { final_value: final, layer_values: layerValues }];
    });
    return jsonReply({ layers: layers.map(({ name }) => name), entries: Object.fromEntries(shown) });
  },
};

/** Writes to the admin layer; an empty value takes a key out of it. */
export const modifyRuntimeRoute: AdminRoute = {
  path: "/runtime_modify",
  isMutation: true,
  help: "Adds or modifies runtime values as passed in query parameters.",
  parameters: "any",
  answer({ runtime }, query) {
    if (query.size === 0) {
      const usage = "usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN\n";
      return textReply(`${usage}use an empty value to remove a previously added override`, 400);
    }
    const changes = new Map(
      [...query].map(([key, text]) => [key, text === "" ? undefined : entryOfText(text)] as const),
    );
    const reason = runtime.override(changes);
    return reason === undefined ? textReply("OK\n") : textReply(reason, 503);
  },
};
