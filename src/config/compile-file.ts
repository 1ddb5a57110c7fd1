import { hasErrors, type Problem } from "../base/problem.ts";
import type { Schema } from "../schema/schema.ts";
import type { SourceFile, SourceNode } from "../schema/source-node.ts";
import { typeNameOf } from "../schema/type-urls.ts";
import { parseYaml } from "../schema/yaml/parse-yaml.ts";
import { resourceVersion } from "./content-hash.ts";
import type { FoundResource } from "./found-resource.ts";
import { findIgnores, type Ignore } from "./ignores.ts";
import type { Resource } from "./resource.ts";
import { resourceKey } from "./resource-key.ts";
import { findResources } from "./shapes.ts";
import { entryOf, placeOfNode } from "./source-tree.ts";
import { substitute } from "./values/substitute.ts";
import type { Values } from "./values/values.ts";

/** What one file says, whatever else is in the tree. */
export interface CompiledFile {
  readonly resources: readonly Resource[];
  /** Keys (`resourceKey`) of resources that are there by name, but have errors. */
  readonly broken: readonly string[];
  /** False when an error leaves open what the file would define. */
  readonly isComplete: boolean;
  readonly problems: readonly Problem[];
  readonly ignores: readonly Ignore[];
}

/** Of one document: ten times what fits a fleet's largest type, and still compiled in seconds. */
const mostResources = 100_000;

/** Compiles one file by itself; the same text with the same values always gives the same. */
export function compileFile(schema: Schema, file: SourceFile, values?: Values): CompiledFile {
  const parsed = parseYaml(file);
  const problems: (readonly Problem[])[] = [parsed.problems];
  const resources: Resource[] = [];
  const broken: string[] = [];
  let isComplete = !hasErrors(parsed.problems);
  for (const written of parsed.documents) {
    const { node: document, problems: unknowns } = values
      ? substitute(written, values)
      : { node: written, problems: [] };
    const shape = findResources(schema, document);
    problems.push(unknowns, shape.problems);
    if (hasErrors(unknowns) || hasErrors(shape.problems)) isComplete = false;
    if (shape.found.length > mostResources) {
      problems.push([tooMany(document, shape.found.length)]);
      isComplete = false;
      continue;
    }
    for (const found of shape.found) {
      const result = toResource(schema, found);
      problems.push(result.problems);
      if (result.resource) resources.push(result.resource);
      else if (result.name) broken.push(resourceKey(found.type.typeUrl, result.name));
      else isComplete = false;
    }
  }
  return {
    resources,
    broken,
    isComplete,
    problems: problems.flat(),
    ignores: findIgnores(file, parsed.documents),
  };
}

function tooMany(document: SourceNode, count: number): Problem {
  return {
    code: "too-many-resources",
    severity: "error",
    message: `document has ${count} resources, limit is ${mostResources}`,
    place: placeOfNode(document),
  };
}

interface ResourceResult {
  readonly resource?: Resource;
  /** The name, when there is one but no resource. */
  readonly name?: string;
  readonly problems: readonly Problem[];
}

function toResource(schema: Schema, found: FoundResource): ResourceResult {
  const { type, node, path } = found;
  const typeName = typeNameOf(type.typeUrl);
  const { message, problems } = schema.fromSource(typeName, node, { path });
  const nameNode = nameNodeOf(found);
  const name = nameNode?.kind === "scalar" ? nameNode.value : "";
  if (name === "" && !problems.some((problem) => isAboutName(problem, type.nameField))) {
    return { problems: [...problems, missingName(found, nameNode)] };
  }
  if (!message || hasErrors(problems)) return { name, problems };
  const bytes = schema.encode(typeName, message);
  const ttlMs = found.wrapper?.ttlMs;
  const resource: Resource = {
    typeUrl: type.typeUrl,
    name,
    version: resourceVersion(bytes, ttlMs),
    bytes,
    ...(ttlMs !== undefined && { ttlMs }),
    origin: { place: placeOfNode(nameNode ?? node), node },
  };
  return { resource, problems };
}

function nameNodeOf({ type, node, wrapper }: FoundResource): SourceNode | undefined {
  if (type.nameField !== undefined) return entryOf(node, type.nameField)?.value;
  return wrapper && entryOf(wrapper.node, "name")?.value;
}

function missingName({ type, node, path }: FoundResource, nameNode: SourceNode | undefined): Problem {
  const { nameField, noun } = type;
  const what = `which is what xDS clients ask for this ${noun} by, found none`;
  return {
    code: "missing-name",
    severity: "error",
    message:
      nameField === undefined
        ? `expected a name around it, ${what}: {name: …, resource: {"@type": …}}`
        : `expected ${nameField}, ${what}`,
    place: placeOfNode(nameNode ?? node),
    ...(nameField !== undefined && { path: path === "" ? nameField : `${path}.${nameField}` }),
  };
}

function isAboutName(problem: Problem, nameField: string | undefined): boolean {
  return problem.severity === "error" && (problem.path ?? "").split(".").at(-1) === nameField;
}
