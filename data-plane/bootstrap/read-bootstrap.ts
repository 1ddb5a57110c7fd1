import type { Problem } from "../../src/base/problem.ts";
import type { Bootstrap } from "../../src/schema/api.ts";
import type { Schema } from "../../src/schema/schema.ts";
import type { SourceFile, SourceNode } from "../../src/schema/source-node.ts";
import { locate } from "../../src/schema/yaml/locate.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";
import { placeOf } from "../../src/schema/yaml/place.ts";
import type { MapOptions } from "./map-document.ts";
import { mapDocument } from "./map-document.ts";

const typeName = "envoy.config.bootstrap.v3.Bootstrap";

export interface ReadBootstrap {
  /** Absent when a problem is an error. */
  readonly bootstrap?: Bootstrap;
  readonly problems: readonly Problem[];
  /** Adds the place that a problem's path has in the texts. */
  readonly place: (problem: Problem) => Problem;
}

/**
 * Reads a bootstrap from YAML or JSON texts, later ones merged over earlier ones the way that protobuf merges: messages field by field,
 * lists appended (`-c` and `--config-yaml`). Field rules are checked on the result, as Envoy does.
 */
export function readBootstrap(
  schema: Schema,
  files: readonly SourceFile[],
  options: MapOptions,
): ReadBootstrap {
  const problems: Problem[] = [];
  const roots: SourceNode[] = [];
  const messages: Bootstrap[] = [];
  for (const file of files) {
    const { documents, problems: found } = parseYaml(file);
    problems.push(...found);
    const [root, ...more] = documents;
    if (more.length > 0) {
      const message = `expected one document, found ${documents.length}`;
      problems.push({ code: "many-documents", severity: "error", message, place: startOf(more[0]!) });
    }
    if (!root) continue;
    roots.push(root);
    const read = mapDocument(schema, typeName, root, options);
    problems.push(...read.problems);
    if (read.message) messages.push(read.message);
  }
  const place = (problem: Problem) => placed(problem, roots);
  if (problems.some(({ severity }) => severity === "error")) return { problems, place };
  const bytes = Buffer.concat(messages.map((message) => schema.encode(typeName, message)));
  const bootstrap = schema.decode(typeName, bytes);
  for (const { path, message } of schema.checkRules(typeName, { ...bootstrap })) {
    problems.push(place({ code: "rule-violation", severity: "error", message, path }));
  }
  return problems.some(({ severity }) => severity === "error")
    ? { problems, place }
    : { bootstrap, problems, place };
}

function startOf(node: SourceNode) {
  return placeOf(node.file, node.start);
}

/** The deepest node that any of the texts has for the path; the first text wins where two are equally near. */
function placed(problem: Problem, roots: readonly SourceNode[]): Problem {
  if (problem.place || roots.length === 0) return problem;
  const [first, ...others] = roots.map((root) => {
    const node = locate(root, problem.path ?? "");
    return { node, isRoot: node === root };
  });
  const found = first!.isRoot ? (others.find(({ isRoot }) => !isRoot) ?? first!) : first!;
  return { ...problem, place: startOf(found.node) };
}
