import type { Problem } from "../../base/problem.ts";
import { readBootstrap } from "../../config/bootstrap-file.ts";
import { Compiler } from "../../config/compiler.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { isConfigPath } from "../../config/config-file.ts";
import type { Schema } from "../../schema/schema.ts";
import { viewGroup } from "../group-view.ts";
import type { LintView } from "../lint.ts";
import { traceTraffic } from "../traffic.ts";

/** The groups of a folder, or the static resources of a bootstrap, as checks see them; and what is wrong with them. */
export function readViews(
  schema: Schema,
  files: readonly ConfigFile[],
): { readonly views: readonly LintView[]; readonly problems: readonly Problem[] } {
  const [only, second] = files;
  // A file that was named is looked at whatever its name ends in.
  const named = only && !second && !isConfigPath(only.path) ? [{ ...only, path: "named.yaml" }] : files;
  const bootstrap = second || !named[0] ? undefined : readBootstrap(schema, named[0]);
  const { groups, problems } = bootstrap?.compiled ?? new Compiler(schema).compile(named);
  const views = [...groups.values()].map((group) => {
    const view = viewGroup(schema, group);
    return { ...view, traffic: traceTraffic(view) };
  });
  return { views, problems };
}
