import type { DraftFile } from "../descriptors/draft.ts";

/** Files of the bundle, which nobody has to give. */
const bundled = /^(envoy|xds|udpa|validate|google\/(api|protobuf|rpc))\//;

/** The imports of `file` that are neither among the files given nor in the bundle. */
export function absentImports(file: DraftFile, given: { has(name: string): boolean }): string[] {
  return file.imports.filter((name) => !given.has(name) && !bundled.test(name));
}
