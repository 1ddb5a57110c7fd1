import type { MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { Format, FormatSource } from "../network/format-string.ts";
import { parseFormat } from "../network/format-string.ts";
import type { HeaderList } from "../network/header-list.ts";
import { refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { oneOf } from "./support.ts";
import { isJoined } from "../http-codec/header-lines.ts";

type HeaderValueOption = MessageTypes["envoy.config.core.v3.HeaderValueOption"];

export const headerValueOptionSupport: SupportTable = {
  header: { key: true, value: true },
  append: true,
  append_action: oneOf(
    "APPEND_IF_EXISTS_OR_ADD",
    "ADD_IF_ABSENT",
    "OVERWRITE_IF_EXISTS_OR_ADD",
    "OVERWRITE_IF_EXISTS",
  ),
  keep_empty_value: true,
};

/** Changes headers; what formats read comes from the source. */
export type HeaderMutation = (headers: HeaderList, source: FormatSource) => void;

/**
 * `…_headers_to_remove` and `…_headers_to_add` of one level: removals first. Undefined when there is nothing to do.
 */
export function parseHeaderMutation(
  options: readonly HeaderValueOption[] | undefined,
  removals: readonly string[] | undefined,
  paths: { readonly add: string; readonly remove: string },
  problems: Problem[],
): HeaderMutation | undefined {
  const removed = (removals ?? []).map((name) => name.toLowerCase());
  for (const [index, name] of removed.entries()) {
    if (!isProtectedHeader(name)) continue;
    problems.push(refuse(`${paths.remove}[${index}]`, ":-prefixed or host headers may not be removed"));
  }
  const read = (options ?? []).map((option, index) => ({
    overwrites: String(actionOf(option)).startsWith("OVERWRITE"),
    mutate: parseHeaderOption(option, `${paths.add}[${index}]`, problems),
  }));
  // Envoy overwrites first and adds then, whatever stands first.
  const added = [
    ...read.filter(({ overwrites }) => overwrites),
    ...read.filter(({ overwrites }) => !overwrites),
  ];
  if (removed.length === 0 && added.length === 0) return undefined;
  return (headers, source) => {
    for (const name of removed) headers.remove(name);
    for (const { mutate } of added) mutate(headers, source);
  };
}

/** What no configuration may change or take away. */
export function isProtectedHeader(name: string): boolean {
  return name.startsWith(":") || name === "host";
}

/** One `HeaderValueOption`. */
export function parseHeaderOption(
  option: HeaderValueOption,
  path: string,
  problems: Problem[],
): HeaderMutation {
  const name = (option.header?.key ?? "").toLowerCase();
  if (isProtectedHeader(name))
    problems.push(refuse(`${path}.header.key`, ":-prefixed or host headers may not be modified"));
  const format = parseFormat(headerSafe(option.header?.value ?? ""), "");
  if (typeof format !== "function") {
    problems.push(refuse(`${path}.header.value`, format.reason));
    return () => undefined;
  }
  return apply(name, format, actionOf(option), option.keep_empty_value ?? false);
}

/** The deprecated `append` counts only beside the default action. */
function actionOf({ append, append_action: action }: HeaderValueOption): string | number {
  if (action !== undefined && action !== "APPEND_IF_EXISTS_OR_ADD") return action;
  return append && append.value !== true ? "OVERWRITE_IF_EXISTS_OR_ADD" : "APPEND_IF_EXISTS_OR_ADD";
}

function apply(name: string, format: Format, action: string | number, keepsEmpty: boolean): HeaderMutation {
  return (headers, source) => {
    const value = headerSafe(format(source));
    if (value === "" && !keepsEmpty) return;
    if (action === "ADD_IF_ABSENT" && headers.has(name)) return;
    if (action === "OVERWRITE_IF_EXISTS" && !headers.has(name)) return;
    const isAppended = action === "APPEND_IF_EXISTS_OR_ADD";
    if (isJoined(name)) {
      if (isAppended) headers.append(name, value);
      else headers.set(name, value);
      return;
    }
    // What Envoy has no fixed place for moves to the end when it is overwritten.
    if (!isAppended) headers.remove(name);
    headers.add(name, value);
  };
}

const unsafe = /[^\t\x20-\x7e\x80-\xff]/;

/** One character a byte, and none that could end the line: a TLV or a certificate may hold anything. */
function headerSafe(value: string): string {
  if (!unsafe.test(value)) return value;
  return Buffer.from(value)
    .toString("latin1")
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "");
}
