/** One step of a field path: a field name or map key, or an index into a list. */
export type PathSegment = string | number;

/** Adds a field name: `clusters[0]` and `name` give `clusters[0].name`. */
export function fieldPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}.${name}`;
}

/** Adds a list index: `clusters[0]`. */
export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

/** Adds a map key: `filter_metadata["envoy.lb"]`. */
export function keyPath(parent: string, key: string): string {
  return `${parent}[${JSON.stringify(key)}]`;
}

/** The steps of a path that the functions above made. */
export function parsePath(path: string): PathSegment[] {
  const segments: PathSegment[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    const [, index, key, name] = match;
    if (index !== undefined) segments.push(Number(index));
    else if (key !== undefined) segments.push(String(JSON.parse(key)));
    else if (name !== undefined) segments.push(name);
  }
  return segments;
}
