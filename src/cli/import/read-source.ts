import { hasErrors, type Problem } from "../../base/problem.ts";
import { resourceTypes } from "../../config/resource-types.ts";
import { fieldKey, withoutType } from "../../config/source-tree.ts";
import type { Schema } from "../../schema/schema.ts";
import { BOOTSTRAP, typeNameOf } from "../../schema/type-urls.ts";
import { parseYaml } from "../../schema/yaml/parse-yaml.ts";
import { readConfigDump } from "../config/config-dump.ts";
import { fieldsOf, type Imported } from "./imported.ts";
import { liftBootstrap } from "./lift-bootstrap.ts";
import { liftDump } from "./lift-dump.ts";

export interface ReadSource {
  /** Absent when there are errors. */
  readonly imported?: Imported;
  readonly problems: readonly Problem[];
}

/** Lists of resources in files that are served as they are; a bootstrap has none of them at its top. */
const resourceKeys: ReadonlySet<string> = new Set([
  "resources",
  ...resourceTypes.flatMap(({ keys }) => keys),
]);

/** What a `/config_dump` (it has `configs`) or a bootstrap holds. */
export function readSource(schema: Schema, name: string, text: string): ReadSource {
  const { documents, problems } = parseYaml({ name, text });
  const [document, second] = documents;
  if (hasErrors(problems)) return { problems };
  if (document?.kind !== "mapping" || second) {
    const message = "expected a config_dump or a bootstrap: one document that is a mapping";
    return {
      problems: [
        { code: "wrong-shape", severity: "error", message, place: { file: name, line: 1, column: 1 } },
      ],
    };
  }
  if (document.entries.some(({ key }) => fieldKey(key) === "configs")) {
    const dump = readConfigDump(schema, name, text);
    if (hasErrors(dump.problems)) return { problems: dump.problems };
    return { imported: liftDump(dump.items), problems: dump.problems };
  }
  const list = document.entries.map(({ key }) => fieldKey(key)).find((key) => resourceKeys.has(key));
  if (list !== undefined) {
    const message = `expected a config_dump or a bootstrap, found a list of ${list}: there is nothing to import, \`chancery serve\` takes such files as they are`;
    return {
      problems: [
        { code: "wrong-shape", severity: "error", message, place: { file: name, line: 1, column: 1 } },
      ],
    };
  }
  const type = typeNameOf(BOOTSTRAP);
  const read = schema.fromSource(type, withoutType(document));
  const all = [...problems, ...read.problems];
  if (!read.message || hasErrors(all)) return { problems: all };
  return { imported: liftBootstrap(fieldsOf(schema.toJson(type, read.message))), problems: all };
}
