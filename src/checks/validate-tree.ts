import { hasErrors, type Problem } from "../base/problem.ts";
import type { Compiled } from "../config/compiled.ts";
import { Compiler } from "../config/compiler.ts";
import { type ConfigFile, isConfigPath } from "../config/config-file.ts";
import { readBootstrap } from "../config/bootstrap-file.ts";
import type { Message } from "../schema/message.ts";
import type { Schema } from "../schema/schema.ts";
import { checkBootstrap } from "./check-bootstrap.ts";
import { checkConfig } from "./check.ts";

export interface Validation {
  readonly compiled: Compiled;
  /** When the one file is a bootstrap without errors. */
  readonly bootstrap?: Message;
  readonly problems: readonly Problem[];
  /** Number of different resources by type URL, over all groups. */
  readonly resources: ReadonlyMap<string, number>;
}

/**
 * Checks everything that can be checked without an Envoy: shapes, fields, rules, references, names, lints. One file
 * that is an Envoy bootstrap is checked as what a node starts with; any other tree as what would be served.
 */
export function validateTree(schema: Schema, files: readonly ConfigFile[]): Validation {
  const [file, second] = files;
  if (file && !second) return validateFile(schema, file);
  const compiled = new Compiler(schema).compile(files);
  return validation(compiled, checkConfig(schema, compiled));
}

/** A file that was named is looked at whatever its name ends in. */
function validateFile(schema: Schema, { path, text, shownAs = path }: ConfigFile): Validation {
  const file = { path: isConfigPath(path) ? path : "named.yaml", text, shownAs };
  const bootstrap = readBootstrap(schema, file);
  if (bootstrap) {
    const { compiled, message } = bootstrap;
    return {
      ...validation(compiled, checkBootstrap(schema, bootstrap)),
      ...(message && { bootstrap: message }),
    };
  }
  const compiled = new Compiler(schema).compile([file]);
  return validation(compiled, checkConfig(schema, compiled));
}

function validation(compiled: Compiled, checks: readonly Problem[]): Validation {
  const problems = [...compiled.problems, ...checks];
  const resources = countByType(compiled);
  if (resources.size === 0 && !hasErrors(problems)) {
    problems.push({
      code: "no-resources",
      severity: "warning",
      message: "there are no resources in any file",
    });
  }
  return { compiled, problems, resources };
}

function countByType({ groups }: Compiled): ReadonlyMap<string, number> {
  const all = new Set([...groups.values()].flatMap(({ resources }) => resources));
  const counts = new Map<string, number>();
  for (const { typeUrl } of all) counts.set(typeUrl, (counts.get(typeUrl) ?? 0) + 1);
  return counts;
}
