/**
 * Compares paths as a walk through folders meets them, each folder's content in order of name: `a/b.yaml` before `a.yaml`.
 */
export function comparePaths(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => path.replaceAll("/", "\0"));
  if (left === right) return 0;
  return left! < right! ? -1 : 1;
}

/** Where a path is in a list that is in this order, or where it would be. */
export function findPath<T>(list: readonly T[], path: string, pathOf: (item: T) => string) {
  let from = 0;
  let to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = comparePaths(pathOf(list[middle]!), path);
    if (order === 0) return { index: middle, isThere: true };
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return { index: from, isThere: false };
}
