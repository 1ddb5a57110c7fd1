import { Checker } from "../../checks/check.ts";
import { Compiler } from "../../config/compiler.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { envoyReferences } from "../../config/envoy-references.ts";
import type { Schema } from "../../schema/schema.ts";
import type { ReferencesOf } from "../../xds/order-views.ts";
import type { Loaded } from "../reconcile/attempt.ts";

/** Turns trees of texts into resources that are checked. */
export interface Loader {
  /** What a tree means. What the loader keeps for it is freed when the signal aborts; it is the same one each time. */
  load(files: readonly ConfigFile[], signal: AbortSignal): Loaded | Promise<Loaded>;
  /** What a resource names, as far as order has to know. */
  readonly referencesOf: ReferencesOf;
}

/** Loads where it is called, for as long as it takes: for small trees, and inside of a thread of its own. */
export function inlineLoader(schema: Schema): Loader & { load(files: readonly ConfigFile[]): Loaded } {
  const compiler = new Compiler(schema);
  const checker = new Checker(schema);
  return {
    load: (files) => {
      const compiled = compiler.compile(files);
      const problems = [...compiled.problems, ...checker.check(compiled)];
      const { authorization, rollout, probeCommands } = compiled;
      return {
        groups: [...compiled.groups.values()],
        problems,
        rollout,
        probeCommands,
        ...(authorization && { authorization }),
      };
    },
    referencesOf: envoyReferences(schema),
  };
}
