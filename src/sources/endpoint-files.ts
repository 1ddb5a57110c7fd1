/**
 * True for files in a folder called `endpoints`: those that programs write, one at a time and often, and that nothing else
 * in the tree has to change with. `path` is inside the tree, with either kind of slash.
 */
export function isEndpointFile(path: string): boolean {
  return /(^|[/\\])endpoints[/\\]/.test(path);
}
