import { resolve } from "node:path";
import { hasErrors } from "../base/problem.ts";
import { loadDescriptors } from "../schema/load.ts";
import { Schema } from "../schema/schema.ts";
import { loadUserTypes, type UserTypePaths } from "../schema/user-types/load-user-types.ts";
import { colorsFor, type ColorMode } from "./color.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { renderProblems } from "./render-problems.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The Envoy API with the types of `--descriptors` and `--proto-path`. Throws `CommandError` (65), and has shown why, when
 * one of those cannot be read.
 */
export async function loadSchemaWith(
  flags: {
    readonly descriptors: readonly string[];
    readonly protoPath: readonly string[];
    readonly color: ColorMode;
  },
  terminal: Terminal,
): Promise<Schema> {
  const base = loadDescriptors();
  if (flags.descriptors.length === 0 && flags.protoPath.length === 0) return new Schema(base);
  const { descriptors, problems } = await loadUserTypes(base, userTypePaths(flags, terminal));
  const colors = colorsFor(flags.color, terminal.env, terminal.stderr);
  terminal.stderr.write(renderProblems(problems, { colors, textOf: () => undefined }));
  if (hasErrors(problems)) {
    throw new CommandError(
      exitCode.unreadableInput,
      "the types of --descriptors or --proto-path cannot be used",
    );
  }
  return new Schema(descriptors);
}

/** What `--descriptors` and `--proto-path` name, as absolute paths. */
export function userTypePaths(
  flags: { readonly descriptors: readonly string[]; readonly protoPath: readonly string[] },
  { cwd }: Terminal,
): UserTypePaths {
  return {
    descriptorSets: flags.descriptors.map((path) => resolve(cwd, path)),
    protoPaths: flags.protoPath.map((path) => resolve(cwd, path)),
  };
}
