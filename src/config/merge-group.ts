import type { Problem } from "../base/problem.ts";
import type { CompiledFile } from "./compile-file.ts";
import { resourceKey } from "./resource-key.ts";
import { nounOf } from "./resource-types.ts";
import type { Resource } from "./resource.ts";

export interface MergedGroup {
  readonly resources: readonly Resource[];
  /** Keys (`resourceKey`) of resources that are there by name, but have errors. */
  readonly broken: ReadonlySet<string>;
  /** False when an error leaves open what else there would be. */
  readonly isComplete: boolean;
  readonly problems: readonly Problem[];
}

/** The resources of a group's files. A name that one type has twice is an error at the second place. */
export function mergeGroup(files: readonly CompiledFile[]): MergedGroup {
  const byKey = new Map<string, Resource>();
  const problems: Problem[] = [];
  for (const file of files) {
    for (const resource of file.resources) {
      const key = resourceKey(resource.typeUrl, resource.name);
      const first = byKey.get(key);
      if (first) problems.push(duplicate(resource, first));
      else byKey.set(key, resource);
    }
  }
  return {
    resources: [...byKey.values()],
    broken: new Set(files.flatMap((file) => file.broken)),
    isComplete: files.every((file) => file.isComplete),
    problems,
  };
}

function duplicate(resource: Resource, first: Resource): Problem {
  const what = `${nounOf(resource.typeUrl)} ${JSON.stringify(resource.name)}`;
  return {
    code: "duplicate-name",
    severity: "error",
    message: `${what} is defined twice; what a group defines does not replace what is shared`,
    ...(resource.origin ? { place: resource.origin.place } : {}),
    ...(first.origin ? { related: [{ place: first.origin.place, message: "first here" }] } : {}),
  };
}
