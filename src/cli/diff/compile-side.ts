import { hasErrors, type Problem } from "../../base/problem.ts";
import type { ComparedGroup } from "../../checks/impact/compare-groups.ts";
import { readBootstrap } from "../../config/bootstrap-file.ts";
import type { Compiled } from "../../config/compiled.ts";
import { Compiler } from "../../config/compiler.ts";
import { type ConfigFile, isConfigPath } from "../../config/config-file.ts";
import { decodeOnce } from "../../config/decode-once.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";

/** What a tree of files, or an Envoy bootstrap, gives to whom; with errors, no groups. */
export function compileSide(
  schema: Schema,
  files: readonly ConfigFile[],
): { readonly groups: readonly ComparedGroup[]; readonly problems: readonly Problem[] } {
  const { groups, problems } = compiledOf(schema, files);
  if (hasErrors(problems)) return { groups: [], problems };
  return {
    problems,
    groups: [...groups.values()].map(({ name, match, resources }) => ({
      name,
      match,
      resources: resources.map(({ typeUrl, name: resource, version, bytes }) => ({
        typeUrl,
        name: resource,
        version,
        message: decodeOnce(schema, typeNameOf(typeUrl), bytes),
      })),
    })),
  };
}

/** A file that was named is looked at whatever its name ends in. */
function compiledOf(schema: Schema, files: readonly ConfigFile[]): Compiled {
  const [file, second] = files;
  if (!file || second) return new Compiler(schema).compile(files);
  const named = isConfigPath(file.path)
    ? file
    : { ...file, path: "named.yaml", shownAs: file.shownAs ?? file.path };
  return readBootstrap(schema, named)?.compiled ?? new Compiler(schema).compile([named]);
}
