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
  const masked = files.filter((file) => file.masked > 0);
  const cluster = target.group ?? (node?.cluster || "CLUSTER");
  const next = `next: chancery validate ${target.folder}; chancery bootstrap --node ${node?.id ?? "ID"} --cluster ${cluster}`;
  return [
    ...notes.map((note) => printable(note, 300)),
    ...masked.map(
      ({ path, masked: count }) =>
        `${path} has ${count} masked ${count === 1 ? "secret" : "secrets"}, at the comments`,
    ),
    ...target.kept.map(
      (path) =>
        `${path} is kept as it is; it should have bootstrap_clusters: [${bootstrapClusters.join(", ")}]`,
    ),
    ...(resources.length === 0 ? ["there are no resources in it"] : []),
    target.isDry ? "nothing was written" : printable(next, 300),
  ];
}
