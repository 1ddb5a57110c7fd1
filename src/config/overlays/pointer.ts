import type { ScalarNode } from "../../schema/source-node.ts";
import type { Pointer } from "./overlay.ts";

/** Takes a JSON Pointer (RFC 6901) apart; the reason as text when it is none, or is empty: the root stays. */
export function parsePointer(node: ScalarNode): Pointer | string {
  const { value } = node;
  if (!value.startsWith("/"))
    return `expected a JSON Pointer such as /connect_timeout, found ${JSON.stringify(value)}`;
  if (/~(?![01])/.test(value))
    return `expected ~0 or ~1 wherever a JSON Pointer has ~, found ${JSON.stringify(value)}`;
  const segments = value
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  return { segments, node };
}

/** The text of a pointer to the first `count` of its segments. */
export function pointerText(segments: readonly string[], count = segments.length): string {
  return segments
    .slice(0, count)
    .map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}
