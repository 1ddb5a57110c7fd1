import { RUNTIME } from "../../src/schema/type-urls.ts";
import type { RtdsLayer } from "../bootstrap/runtime.ts";
import type { LayeredRuntime } from "../resources/layered-runtime.ts";
import { asType } from "../resources/message-type.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { RuntimeEntry } from "../resources/runtime-entry.ts";
import { entriesOf } from "../resources/runtime-entry.ts";
import type { ResourceSubscriptions } from "../resources/subscriptions.ts";

const none: ReadonlyMap<string, RuntimeEntry> = new Map();

/** Follows the layers of RTDS (XC-49). Resolves when each has its first answer, or is waited for no longer (XC-11, XC-13). */
export async function followRuntime(
  layers: readonly RtdsLayer[],
  runtime: LayeredRuntime,
  subscriptions: ResourceSubscriptions,
): Promise<void> {
  const answers = layers.map(({ layer, name, source }) => {
    const hold = subscriptions.subscribe<ReadonlyMap<string, RuntimeEntry>>({
      typeUrl: RUNTIME,
      name,
      source,
      statScope: "runtime",
      parse: (message) => {
        const entries = entriesOf(asType("envoy.service.runtime.v3.Runtime", message).layer?.fields);
        if (!("invalid" in entries)) return parsed(entries, []);
        return { problems: [refuse("", `Invalid runtime entry value for ${entries.invalid}`)] };
      },
      onUpdate: (entries) => runtime.setLayer(layer, entries),
      onRemoved: () => runtime.setLayer(layer, none),
    });
    return new Promise<void>((resolve) => hold.whenAnswered(resolve));
  });
  await Promise.all(answers);
}
