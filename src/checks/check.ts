import type { Problem } from "../base/problem.ts";
import type { Compiled } from "../config/compiled.ts";
import type { LintExemption } from "../config/lint-exemptions.ts";
import { distinctProblems } from "../config/distinct-problems.ts";
import type { Schema } from "../schema/schema.ts";
import { checkExtensionTypes } from "./check-extension-types.ts";
import { checkListeners } from "./check-listeners.ts";
import { checkReferences } from "./check-references.ts";
import { checkRoutes } from "./check-routes.ts";
import { viewGroup } from "./group-view.ts";
import { lints } from "./lints.ts";
import { runLints, silence, staleExemptions } from "./run-lints.ts";
import { traceTraffic } from "./traffic.ts";

/**
 * Everything that must or should hold for what a tree compiled to: references, names, addresses, and the lints that
 * no comment silences. Problems of shared files are given once. Errors in the result forbid serving.
 */
export function checkConfig(schema: Schema, compiled: Compiled): Problem[] {
  const errors: (readonly Problem[])[] = [];
  const findings: (readonly Problem[])[] = [];
  const used = new Set<LintExemption>();
  for (const group of compiled.groups.values()) {
    const groupView = viewGroup(schema, group);
    const view = { ...groupView, traffic: traceTraffic(groupView) };
    errors.push(
      checkReferences(schema, group, compiled),
      checkExtensionTypes(schema, group),
      checkListeners(view),
      checkRoutes(view, view.traffic),
    );
    findings.push(runLints(view, lints, compiled.lintExemptions, used));
  }
  return distinctProblems([
    ...errors.flat(),
    ...silence(findings.flat(), compiled.ignores, lints),
    ...staleExemptions(compiled.lintExemptions, used, lints),
  ]);
}
