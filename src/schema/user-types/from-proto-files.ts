import { errorMessage } from "../../base/error-message.ts";
import type { Problem } from "../../base/problem.ts";
import type { Descriptors } from "../descriptor.ts";
import type { DraftFile } from "../descriptors/draft.ts";
import { linkFiles } from "../descriptors/link.ts";
import type { LinkFailure } from "../descriptors/link.ts";
import { parseProto } from "../descriptors/parse-proto.ts";
import { absentImports } from "./absent-imports.ts";
import type { UserTypes } from "./from-set.ts";

/** One .proto file of a `--proto-path` folder. */
export interface ProtoFile {
  /** The path below the folder, with `/`: what other files import it by. */
  readonly name: string;
  /** The path that the user knows it by, for problems. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads .proto files. Rules of protoc-gen-validate are kept.
 *
 * Imports are looked for among `files` (the first of a name wins, as with protoc's `-I`), then in `base`, which has
 * Envoy's API, xds, validate and the well-known types.
 */
export function descriptorsFromProtoFiles(files: readonly ProtoFile[], base: Descriptors): UserTypes {
  const problems: Problem[] = [];
  const drafts = new Map<string, DraftFile>();
  for (const file of files) {
    if (drafts.has(file.name)) continue;
    try {
      drafts.set(file.name, parseProto(file.name, file.text));
    } catch (cause) {
      problems.push(syntaxProblem(file, cause));
    }
  }
  const linked = linkFiles([...drafts.values()], base);
  const paths = new Map(files.toReversed().map((file) => [file.name, file.path]));
  const explained = linked.failures.map((failure) => explain(failure, drafts, paths));
  // A file that does not parse lacks all its types: what refers to them is no second mistake.
  return {
    descriptors: linked.descriptors,
    problems: problems.length > 0 ? problems : explained,
  };
}

/** protobufjs ends its messages with `(line 3)` or `(name, line 3)`. */
function syntaxProblem(file: ProtoFile, cause: unknown): Problem {
  const text = errorMessage(cause);
  const found = /^(.*) \((?:.*, )?line (\d+)\)$/s.exec(text);
  return {
    code: "proto-syntax",
    severity: "error",
    message: found?.[1] ?? text,
    place: { file: file.path, line: Number(found?.[2] ?? 1), column: 1 },
  };
}

function explain(
  { file, problem }: LinkFailure,
  drafts: ReadonlyMap<string, DraftFile>,
  paths: ReadonlyMap<string, string>,
): Problem {
  const absent = problem.code === "unresolved-type" ? absentImports(file, drafts) : [];
  const hint = absent.length === 0 ? "" : `; not found below any --proto-path: ${absent.join(", ")}`;
  return {
    ...problem,
    message: problem.message + hint,
    place: { file: paths.get(file.name) ?? file.name, line: 1, column: 1 },
  };
}
