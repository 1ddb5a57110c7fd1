import { isRecord } from "../../src/schema/record.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Runtime } from "../resources/extension.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed } from "../resources/parsed.ts";
import { notSupported } from "../resources/support.ts";

type LayeredRuntime = MessageTypes["envoy.config.bootstrap.v3.LayeredRuntime"];
type Value = MessageTypes["google.protobuf.Value"];

/**
 * `layered_runtime`: later layers win, nested keys join with dots. Layers from disk and from RTDS are refused; an
 * admin layer begins empty, and the admin API has no path that writes to it.
 */
export function parseRuntime(runtime: LayeredRuntime | undefined, path: string): Parsed<Runtime> {
  const values = new Map<string, Value>();
  const problems = (runtime?.layers ?? []).flatMap((layer, index) => {
    const at = `${path}.layers[${index}]`;
    if (layer.rtds_layer) return [notSupported(`${at}.rtds_layer`)];
    if (layer.disk_layer) return [notSupported(`${at}.disk_layer`)];
    flatten(layer.static_layer?.fields ?? {}, "", values);
    return [];
  });
  return parsed(
    {
      isEnabled: (key, fallback) => {
        const value = values.get(key);
        if (value?.bool_value !== undefined) return value.bool_value;
        return value?.string_value === undefined ? fallback : value.string_value === "true";
      },
      integer: (key, fallback) => values.get(key)?.number_value ?? fallback,
      number: (key, fallback) => values.get(key)?.number_value ?? fallback,
    },
    problems,
  );
}

/** A layer as `/runtime` shows it: its values as text, by key. */
export interface RuntimeLayer {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/** The layers of `layered_runtime` in order, later ones winning. */
export function runtimeLayers(runtime: LayeredRuntime | undefined): readonly RuntimeLayer[] {
  return (runtime?.layers ?? []).map(({ name = "", static_layer: layer }) => {
    const values = new Map<string, Value>();
    flatten(layer?.fields ?? {}, "", values);
    return { name, values: new Map([...values].map(([key, value]) => [key, textOf(value)])) };
  });
}

function textOf({ string_value: text, number_value: number, bool_value: bool }: Value): string {
  return text ?? String(number ?? bool ?? "");
}

function flatten(fields: object, prefix: string, into: Map<string, Value>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!isRecord(value)) continue;
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const nested = isRecord(value["struct_value"]) ? value["struct_value"]["fields"] : undefined;
    if (isRecord(nested)) flatten(nested, key, into);
    else into.set(key, value);
  }
}
