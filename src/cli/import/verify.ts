import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../base/problem.ts";
import { Compiler } from "../../config/compiler.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import type { ImportedResource } from "./imported.ts";
import type { LaidOutFile } from "./lay-out.ts";

/**
 * Whether a folder of these files is served as the very resources that were read: compiles it and compares. Problems are
 * those of the files, and one for each resource that became another.
 */
export function verifyFiles(
  schema: Schema,
  files: readonly LaidOutFile[],
  resources: readonly ImportedResource[],
): readonly Problem[] {
  const { groups, problems } = new Compiler(schema).compile(files);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) return errors;
  const compiled = new Map(
    [...groups.values()]
      .flatMap((group) => group.resources)
      .map((resource) => [`${resource.typeUrl} ${resource.name}`, resource] as const),
  );
  return resources.flatMap(({ typeUrl, name, fields }): Problem[] => {
    const type = typeNameOf(typeUrl);
    const found = compiled.get(`${typeUrl} ${name}`);
    const isSame = found && isDeepStrictEqual(schema.toJson(type, schema.decode(type, found.bytes)), fields);
    const message = `${type} ${JSON.stringify(name)} would not be the same when it is read back; nothing is written`;
    return isSame ? [] : [{ code: "import-mismatch", severity: "error", message }];
  });
}
