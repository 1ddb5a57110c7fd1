import { printable } from "../../base/printable.ts";
import type { Imported } from "./imported.ts";
import type { LaidOutFile } from "./lay-out.ts";

/** What a person should know about an import: what was left out, what is masked, and what to do next. */
export function notesOn(
  { notes, node, resources, bootstrapClusters }: Imported,
  files: readonly LaidOutFile[],
  target: {
    readonly folder: string;
    readonly isDry: boolean;
    readonly group: string | undefined;
    readonly kept: readonly string[];
  },
): readonly string[] {
  const cluster = target.group ?? (node?.cluster || "CLUSTER");
  const next = `next: chancery validate ${target.folder}; chancery bootstrap --node ${node?.id ?? "ID"} --cluster ${cluster}`;
  return [
    ...notes.map((note) => printable(note, 300)),
    ...files.flatMap(({ path, masked }) =>
      masked.map((field) =>
        printable(`${path}: ${field} is masked, and has to be put in at the comment`, 300),
      ),
    ),
    ...target.kept.map(
      (path) =>
        `${path} is kept as it is; it should have bootstrap_clusters: [${bootstrapClusters.join(", ")}]`,
    ),
    ...(resources.length === 0 ? ["there are no resources in it"] : []),
    target.isDry ? "nothing was written" : printable(next, 300),
  ];
}
