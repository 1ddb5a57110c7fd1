import type { Problem } from "../base/problem.ts";
import type { Compiled } from "../config/compiled.ts";
import { Compiler } from "../config/compiler.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { readBootstrap } from "../config/bootstrap-file.ts";
import type { Schema } from "../schema/schema.ts";
import { checkBootstrap } from "./check-bootstrap.ts";
import { checkConfig } from "./check.ts";

export interface Validation {
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
  const bootstrap = file && !second ? readBootstrap(schema, file) : undefined;
  const compiled = bootstrap?.compiled ?? new Compiler(schema).compile(files);
  const checks = bootstrap ? checkBootstrap(schema, bootstrap) : checkConfig(schema, compiled);
  return { problems: [...compiled.problems, ...checks], resources: countByType(compiled) };
}

function countByType({ groups }: Compiled): ReadonlyMap<string, number> {
  const all = new Set([...groups.values()].flatMap(({ resources }) => resources));
  const counts = new Map<string, number>();
  for (const { typeUrl } of all) counts.set(typeUrl, (counts.get(typeUrl) ?? 0) + 1);
  return counts;
}
