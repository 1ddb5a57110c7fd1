import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { nearest } from "../../src/base/edit-distance.ts";
import { errorMessage } from "../../src/base/error-message.ts";
import type { Problem } from "../../src/base/problem.ts";
import { isRecord } from "../../src/schema/record.ts";
import type { Extension, ExtensionKind, ExtensionTable } from "../resources/extension.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { bundledExtensions } from "./bundled-extensions.ts";

export interface OwnExtensionFiles {
  /** ES modules, as `--extension` names them: relative to `cwd`. */
  readonly files: readonly string[];
  readonly cwd: string;
  /** There is a message type of this name. */
  readonly hasType: (typeName: string) => boolean;
}

/**
 * The bundled extensions with the users' own behind them, so that of two for one type the user's counts. Loading a file runs it, with
 * all that this process may do.
 */
export async function loadExtensions({
  files,
  cwd,
  hasType,
}: OwnExtensionFiles): Promise<Parsed<ExtensionTable>> {
  const problems: Problem[] = [];
  const own: Partial<Record<ExtensionKind, object[]>> = {};
  for (const file of files) {
    const found = await exportsOf(file, cwd);
    if (typeof found === "string") {
      problems.push(unusable(file, found));
      continue;
    }
    for (const [kind, list] of Object.entries(found)) {
      if (!isKind(kind)) {
        const suggestion = nearest(kind, kinds);
        const hint = suggestion === undefined ? kinds.join(", ") : `did you mean ${suggestion}?`;
        problems.push(unusable(file, `there is no kind of extension ${kind}: ${hint}`));
        continue;
      }
      const reasons = faults(kind, list, hasType);
      problems.push(...reasons.map((reason) => unusable(file, reason)));
      if (reasons.length === 0 && Array.isArray(list)) own[kind] = [...(own[kind] ?? []), ...list];
    }
  }
  return parsed(merge(own), problems);
}

const kinds = Object.keys(bundledExtensions).filter(isKind);

function isKind(name: string): name is ExtensionKind {
  return Object.hasOwn(bundledExtensions, name);
}

/** The default export of a module, or why there is none. */
async function exportsOf(file: string, cwd: string): Promise<Readonly<Record<string, unknown>> | string> {
  try {
    const module: unknown = await import(pathToFileURL(resolve(cwd, file)).href);
    const own = isRecord(module) ? module["default"] : undefined;
    return isRecord(own) ? own : "it has no default export made with defineExtensions()";
  } catch (error) {
    const message = errorMessage(error);
    // Which file of ours wanted to load it is of no use to anybody.
    return message.replace(/ imported from .*$/, "");
  }
}

/** What keeps a list from being used; a module need not have been checked by a compiler. */
function faults(kind: ExtensionKind, list: unknown, hasType: OwnExtensionFiles["hasType"]): string[] {
  if (!Array.isArray(list)) return [`${kind} is no list`];
  return list.flatMap((one: unknown, index) => {
    const place = `${kind}[${index}]`;
    if (!isExtension(one)) return [`${place} has no typeName or no parse()`];
    if (hasType(one.typeName)) return [];
    return [`${place}: there is no type ${one.typeName}; give its .proto with --proto-path or --descriptors`];
  });
}

function isExtension(value: unknown): value is Extension<unknown> {
  return isRecord(value) && typeof value["typeName"] === "string" && typeof value["parse"] === "function";
}

function merge(own: Partial<Record<ExtensionKind, object[]>>): ExtensionTable {
  const table: ExtensionTable = { ...bundledExtensions };
  return Object.assign(
    table,
    Object.fromEntries(kinds.map((kind) => [kind, [...bundledExtensions[kind], ...(own[kind] ?? [])]])),
  );
}

function unusable(file: string, reason: string): Problem {
  return refuse("", `cannot use the extension ${file}: ${reason}`, "unusable-extension");
}
