import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import type { LayerKind, RuntimeLayer } from "../resources/layered-runtime.ts";
import { LayeredRuntime } from "../resources/layered-runtime.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { entriesOf } from "../resources/runtime-entry.ts";
import { notSupported } from "../resources/support.ts";

type RuntimeMessage = MessageTypes["envoy.config.bootstrap.v3.LayeredRuntime"];

/** A layer whose values come over RTDS. */
export interface RtdsLayer {
  /** Of the layer, and where it stands. */
  readonly layer: string;
  readonly path: string;
  /** Of the resource. */
  readonly name: string;
  /** Its `rtds_config`. */
  readonly source: Message;
}

/** `layered_runtime`, read. */
export interface RuntimePlan {
  readonly runtime: LayeredRuntime;
  readonly rtds: readonly RtdsLayer[];
}

/** `layered_runtime`: later layers win. Layers from disk are refused; one from RTDS and an admin layer begin empty. */
export function parseRuntime(message: RuntimeMessage | undefined, path: string): Parsed<RuntimePlan> {
  const problems: Problem[] = [];
  const rtds: RtdsLayer[] = [];
  const layers: RuntimeLayer[] = [];
  // With a `layered_runtime` that has no layers Envoy makes an admin layer, without one it does not.
  const messages: RuntimeMessage["layers"] = message?.layers ?? (message ? [{ admin_layer: {} }] : []);
  for (const [index, layer] of messages.entries()) {
    const at = `${path}.layers[${index}]`;
    const { name = "" } = layer;
    const kind: LayerKind = layer.rtds_layer ? "rtds" : layer.admin_layer ? "admin" : "static";
    if (layer.disk_layer) problems.push(notSupported(`${at}.disk_layer`));
    if (layers.some((other) => other.name === name)) {
      problems.push(refuse(at, `Duplicate layer name: ${name}`));
    }
    if (kind === "admin" && layers.some((other) => other.kind === "admin")) {
      const text = "Too many admin layers specified in LayeredRuntime, at most one may be specified";
      problems.push(refuse(at, text));
    }
    if (layer.rtds_layer) {
      const { name: resource = "", rtds_config: source } = layer.rtds_layer;
      rtds.push({ layer: name, path: `${at}.rtds_layer`, name: resource, source: { ...source } });
    }
    const entries = entriesOf(layer.static_layer?.fields);
    if ("invalid" in entries) {
      problems.push(refuse(`${at}.static_layer`, `Invalid runtime entry value for ${entries.invalid}`));
    } else layers.push({ name, kind, entries });
  }
  return parsed({ runtime: new LayeredRuntime(layers), rtds }, problems);
}
