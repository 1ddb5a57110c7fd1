import type { Severity } from "../base/problem.ts";
import type { Resource } from "../config/resource.ts";
import type { GroupView } from "./group-view.ts";
import type { Traffic } from "./traffic.ts";

/** What a lint may look at. */
export interface LintView extends GroupView {
  readonly traffic: Traffic;
}

/** Something that a lint found, at a field of a resource. */
export interface Finding {
  readonly resource: Resource;
  /** Inside the resource; shown at the nearest thing that the text has. */
  readonly path: string;
  /** One sentence without a full stop: what is wrong and what to do. */
  readonly message: string;
}

/** Advice on a configuration that is valid, but may not do what its author wants. */
export interface Lint {
  /** Stable; the name of its section in docs/lints.md and of the comment that silences it. */
  readonly code: string;
  readonly severity: Exclude<Severity, "error">;
  check(view: LintView): Iterable<Finding>;
}
