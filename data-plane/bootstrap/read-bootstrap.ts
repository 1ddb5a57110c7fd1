import type { Problem } from "../../src/base/problem.ts";
import { formatPlace } from "../../src/base/problem.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { Bootstrap } from "../../src/schema/api.ts";
import type { Schema } from "../../src/schema/schema.ts";
import type { ScalarNode, SourceFile, SourceNode } from "../../src/schema/source-node.ts";
import { locate } from "../../src/schema/yaml/locate.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";
import { placeOf } from "../../src/schema/yaml/place.ts";

const typeName = "envoy.config.bootstrap.v3.Bootstrap";

export interface ReadOptions {
  /** `--allow-unknown-static-fields`: unknown fields are left out with a warning. */
  readonly allowsUnknownFields: boolean;
}

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
  options: ReadOptions,
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
    const read = mapDocument(schema, root, options);
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

const isUnknown = ({ code }: Problem) => code === "unknown-field";

function mapDocument(schema: Schema, root: SourceNode, { allowsUnknownFields }: ReadOptions) {
  const read = schema.fromSource(typeName, root, { rules: false });
  if (!allowsUnknownFields || !read.problems.some(isUnknown)) return read;
  const unknown = read.problems.filter(isUnknown);
  const places = new Set(unknown.flatMap(({ place }) => (place ? [formatPlace(place)] : [])));
  const known = withoutKeys(root, (key) => places.has(formatPlace(startOf(key))));
  const again = schema.fromSource(typeName, known, { rules: false });
  const warnings = unknown.map((problem): Problem => ({ ...problem, severity: "warning" }));
  return { ...again, problems: [...again.problems, ...warnings] };
}

function withoutKeys(node: SourceNode, isLeftOut: (key: ScalarNode) => boolean): SourceNode {
  switch (node.kind) {
    case "scalar":
      return node;
    case "sequence":
      return { ...node, items: node.items.map((item) => withoutKeys(item, isLeftOut)) };
    case "mapping": {
      const kept = node.entries.filter(({ key }) => !isLeftOut(key));
      const entries = kept.map(({ key, value }) => ({ key, value: withoutKeys(value, isLeftOut) }));
      return { ...node, entries };
    }
    default:
      return unreachable(node);
  }
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
