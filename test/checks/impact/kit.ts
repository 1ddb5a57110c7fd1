import { Compiler } from "../../../src/config/compiler.ts";
import { decodeOnce } from "../../../src/config/decode-once.ts";
import type { ComparedGroup } from "../../../src/checks/impact/compare-groups.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { typeNameOf } from "../../../src/schema/type-urls.ts";

export const schema = new Schema(loadDescriptors());

/** The groups of a tree of files by path, which must have no errors. */
export function groupsOf(files: Readonly<Record<string, string>>): readonly ComparedGroup[] {
  const tree = Object.entries(files).map(([path, text]) => ({ path, text }));
  const { groups, problems } = new Compiler(schema).compile(tree);
  const [error] = problems.filter(({ severity }) => severity === "error");
  if (error) throw new Error(error.message);
  return [...groups.values()].map(({ name, match, resources }) => ({
    name,
    match,
    resources: resources.map((resource) => ({
      ...resource,
      message: decodeOnce(schema, typeNameOf(resource.typeUrl), resource.bytes),
    })),
  }));
}
