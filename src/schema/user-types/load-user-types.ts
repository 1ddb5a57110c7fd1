import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import type { Problem } from "../../base/problem.ts";
import type { Descriptors } from "../descriptor.ts";
import type { ProtoFile } from "./from-proto-files.ts";
import { descriptorsFromSet } from "./from-set.ts";
import type { UserTypes } from "./from-set.ts";
import { mergeDescriptors } from "./merge.ts";

/** What `--descriptors` and `--proto-path` name. */
export interface UserTypePaths {
  /** Files, each a FileDescriptorSet. */
  readonly descriptorSets?: readonly string[];
  /** Folders whose .proto files are all read; imports are relative to them. */
  readonly protoPaths?: readonly string[];
}

/**
 * Adds a user's own types to a schema's: sets in the order given, then the .proto files of all folders together.
 *
 * A file or folder that cannot be read is a problem like any other.
 */
export async function loadUserTypes(base: Descriptors, paths: UserTypePaths): Promise<UserTypes> {
  const problems: Problem[] = [];
  let descriptors = base;
  const add = (types: UserTypes) => {
    const merged = mergeDescriptors(descriptors, types.descriptors);
    descriptors = merged.descriptors;
    problems.push(...types.problems, ...merged.problems);
  };
  for (const path of paths.descriptorSets ?? []) {
    const bytes = await reading(path, problems, () => readFile(path));
    if (bytes) add(descriptorsFromSet(bytes, descriptors, path));
  }
  const files: ProtoFile[] = [];
  for (const folder of paths.protoPaths ?? []) {
    files.push(...((await reading(folder, problems, () => readProtoFolder(folder))) ?? []));
  }
  if (files.length > 0) {
    // protobufjs parses them: some forty modules, which every start would wait for.
    const { descriptorsFromProtoFiles } = await import("./from-proto-files.ts");
    add(descriptorsFromProtoFiles(files, descriptors));
  }
  return { descriptors, problems };
}

async function readProtoFolder(folder: string): Promise<ProtoFile[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".proto")).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name: name.split(sep).join("/"), path, text: await readFile(path, "utf8") };
    }),
  );
}

async function reading<T>(path: string, problems: Problem[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    const reason = errorMessage(cause);
    problems.push({ code: "unreadable-types", severity: "error", message: `cannot read ${path}: ${reason}` });
    return undefined;
  }
}
