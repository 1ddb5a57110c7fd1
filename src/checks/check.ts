import type { Problem } from "../base/problem.ts";
import type { Compiled, Group } from "../config/compiled.ts";
import { distinctProblems } from "../config/distinct-problems.ts";
import type { LintExemption } from "../config/lint-exemptions.ts";
import { referencesOf } from "../config/references.ts";
import type { Resource } from "../config/resource.ts";
import type { Schema } from "../schema/schema.ts";
import { CLUSTER_LOAD_ASSIGNMENT } from "../schema/type-urls.ts";
import { checkExtensionTypes } from "./check-extension-types.ts";
import { checkListeners } from "./check-listeners.ts";
import { checkReferences } from "./check-references.ts";
import { checkRoutes } from "./check-routes.ts";
import { viewGroup } from "./group-view.ts";
import { lints } from "./lints.ts";
import { runLints, silence, staleExemptions } from "./run-lints.ts";
import { traceTraffic } from "./traffic.ts";

/** What was found in a group, and all that it was found in. */
interface CheckedGroup {
  readonly group: Group;
  readonly settings: Pick<Compiled, "bootstrapClusters" | "lintExemptions">;
  readonly errors: readonly Problem[];
  readonly findings: readonly Problem[];
  /** The exemptions that silenced something. */
  readonly used: readonly LintExemption[];
}

/**
 * Everything that must or should hold for what trees compile to: references, names, addresses, and the lints that no
 * comment silences. It keeps what it found in the groups of the last tree: where nothing but the content of endpoints has
 * changed, which names nothing and is what no check looks into, that holds again.
 */
export class Checker {
  readonly #schema: Schema;
  #known: ReadonlyMap<string, CheckedGroup> = new Map();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** Problems of shared files are given once. Errors in the result forbid serving. */
  check(compiled: Compiled): Problem[] {
    const groups = [...compiled.groups.values()].map((group) => this.#check(group, compiled));
    this.#known = new Map(groups.map((checked) => [checked.group.name, checked]));
    return distinctProblems([
      ...groups.flatMap(({ errors }) => errors),
      ...silence(
        groups.flatMap(({ findings }) => findings),
        compiled.ignores,
        lints,
      ),
      ...staleExemptions(compiled.lintExemptions, new Set(groups.flatMap(({ used }) => used)), lints),
    ]);
  }

  #check(group: Group, compiled: Compiled): CheckedGroup {
    const known = this.#known.get(group.name);
    const isKnown =
      known?.settings.bootstrapClusters === compiled.bootstrapClusters &&
      known.settings.lintExemptions === compiled.lintExemptions &&
      this.#isSame(known.group, group);
    return isKnown ? { ...known, group } : this.#checkAnew(group, compiled);
  }

  #checkAnew(group: Group, compiled: Compiled): CheckedGroup {
    const schema = this.#schema;
    const groupView = viewGroup(schema, group);
    const view = { ...groupView, traffic: traceTraffic(groupView) };
    const errors = [
      ...checkReferences(schema, group, compiled),
      ...checkExtensionTypes(schema, group),
      ...checkListeners(view),
      ...checkRoutes(view, view.traffic),
    ];
    const used = new Set<LintExemption>();
    const findings = runLints(view, lints, compiled.lintExemptions, used);
    return { group, settings: compiled, errors, findings, used: [...used] };
  }

  /** True when the groups differ in what endpoints there are for names, and in nothing else. */
  #isSame(before: Group, now: Group): boolean {
    return (
      before.resources.length === now.resources.length &&
      before.isComplete === now.isComplete &&
      before.broken.size === now.broken.size &&
      [...before.broken].every((key) => now.broken.has(key)) &&
      before.resources.every((resource, index) => this.#isAlike(resource, now.resources[index]!))
    );
  }

  #isAlike(before: Resource, now: Resource): boolean {
    if (before === now) return true;
    const areEndpoints = before.typeUrl === CLUSTER_LOAD_ASSIGNMENT && now.typeUrl === before.typeUrl;
    if (!areEndpoints || before.name !== now.name) return false;
    return [before, now].every((resource) => referencesOf(this.#schema, resource).length === 0);
  }
}

/** What a `Checker` finds that sees the tree for the first time. */
export function checkConfig(schema: Schema, compiled: Compiled): Problem[] {
  return new Checker(schema).check(compiled);
}
