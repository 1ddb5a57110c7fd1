import { dump } from "js-yaml";
import type { JsonValue } from "../json-value.ts";

/**
 * YAML text of a JSON value that reads back as the same value, by Envoy's loader too: strings that any YAML version
 * would take for something else are quoted. Keys keep their order, nothing is folded, and there are no aliases.
 */
export function toYamlText(value: JsonValue): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
