import type { Descriptors, FieldKind } from "../descriptor.ts";

/** Outermost types that have to be in one file, and its name. */
export interface FileUnit {
  readonly file: string;
  /** Full names, sorted. */
  readonly types: readonly string[];
}

export interface FileUnits {
  readonly units: readonly FileUnit[];
  /** The file of a type, inner ones too. */
  readonly unitOf: (type: string) => string;
}

/** Clients know these files by their names. */
const wellKnownFiles: readonly [RegExp, string][] = [
  [/^google\.protobuf\.(Any|Duration|Empty|Timestamp)$/, ""],
  [/^google\.protobuf\.(Struct|Value|ListValue|NullValue)$/, "google/protobuf/struct.proto"],
  [/^google\.protobuf\.\w+Value$/, "google/protobuf/wrappers.proto"],
];

function fileOf(type: string): string {
  const known = wellKnownFiles.find(([pattern]) => pattern.test(type))?.[1];
  const path = `${type.replaceAll(".", "/")}.proto`;
  return known === "" ? path.toLowerCase() : (known ?? path);
}

/** Cuts the types into files such that imports have no cycles: types that reach each other share one. */
export function fileUnits({ messages, enums }: Descriptors): FileUnits {
  const outermost = new Map<string, string>();
  for (const name of [...messages.keys(), ...enums.keys()]) {
    let outer = name;
    for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
      if (messages.has(name.slice(0, dot))) outer = name.slice(0, dot);
    }
    outermost.set(name, outer);
  }
  const typesOf = new Map<string, string[]>();
  for (const type of new Set(outermost.values())) {
    typesOf.set(fileOf(type), [...(typesOf.get(fileOf(type)) ?? []), type]);
  }
  const fileOfType = (type: string) => fileOf(outermost.get(type) ?? type);
  const edges = new Map<string, Set<string>>([...typesOf.keys()].map((file) => [file, new Set()]));
  for (const [name, { fields }] of messages) {
    for (const { type } of fields) {
      for (const other of namesIn(type)) edges.get(fileOfType(name))?.add(fileOfType(other));
    }
  }
  const merged = new Map<string, string>();
  const units = cycles(edges).map((files): FileUnit => {
    const [file = ""] = files.toSorted();
    for (const member of files) merged.set(member, file);
    return { file, types: files.flatMap((member) => typesOf.get(member) ?? []).sort() };
  });
  return { units, unitOf: (type) => merged.get(fileOfType(type)) ?? fileOfType(type) };
}

/** Full names of the types that a field refers to. */
export function namesIn(kind: FieldKind): readonly string[] {
  if (kind.kind === "scalar") return [];
  return kind.kind === "map" ? namesIn(kind.value) : [kind.name];
}

/** Strongly connected components (Tarjan), dependencies first. */
function cycles(edges: ReadonlyMap<string, ReadonlySet<string>>): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const isOnStack = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string): number => {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    stack.push(node);
    isOnStack.add(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) low.set(node, Math.min(low.get(node)!, visit(next)));
      else if (isOnStack.has(next)) low.set(node, Math.min(low.get(node)!, index.get(next)!));
    }
    if (low.get(node) === own) {
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) isOnStack.delete(member);
      found.push(component);
    }
    return low.get(node)!;
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}
