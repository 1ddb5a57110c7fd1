import type { Problem } from "../../base/problem.ts";
import type { MessageOf } from "../api.ts";
import { DecodeError } from "../codec/decode-error.ts";
import type { Descriptors } from "../descriptor.ts";
import { linkFiles } from "../descriptors/link.ts";
import type { LinkFailure } from "../descriptors/link.ts";
import { Schema } from "../schema.ts";
import { absentImports } from "./absent-imports.ts";
import { draftFile } from "./draft-file.ts";
import { withOptionExtensions } from "./option-extensions.ts";

/** Types that a user gave, and what is wrong with them. With an error the types are not to be used. */
export interface UserTypes {
  readonly descriptors: Descriptors;
  readonly problems: readonly Problem[];
}

/**
 * Reads a serialized google.protobuf.FileDescriptorSet, as `buf build -o FILE` and
 * `protoc --include_imports --descriptor_set_out=FILE` write it. Rules of protoc-gen-validate are kept.
 *
 * Files that the set imports and does not have are looked for in `base` (Envoy's API and the well-known types).
 *
 * @param name what problems call the set: the path that the user gave
 */
export function descriptorsFromSet(bytes: Buffer, base: Descriptors, name: string): UserTypes {
  const nothing: Descriptors = { messages: new Map(), enums: new Map() };
  const refuse = (reason: string): UserTypes => ({
    descriptors: nothing,
    problems: [{ code: "bad-descriptor-set", severity: "error", message: `${name} ${reason}` }],
  });

  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return refuse("is compressed; unpack it with gunzip");
  if (bytes[0] === 0x7b) return refuse("is JSON; make a binary one (buf build -o types.binpb)");
  let set: MessageOf<"google.protobuf.FileDescriptorSet">;
  try {
    set = new Schema(withOptionExtensions(base)).decode("google.protobuf.FileDescriptorSet", bytes);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    return refuse(`is not a FileDescriptorSet: ${cause.message}`);
  }
  const files = (set.file ?? []).map(draftFile);
  if (files.length === 0) return refuse("has no files in it; is it a FileDescriptorSet?");

  const { descriptors, failures } = linkFiles(files, base);
  const given = new Set(files.map((file) => file.name));
  return { descriptors, problems: failures.map((failure) => explain(failure, name, given)) };
}

/** A type that is not there was in a file that the set left out. */
function explain({ file, problem }: LinkFailure, name: string, given: ReadonlySet<string>): Problem {
  const absent = problem.code === "unresolved-type" ? absentImports(file, given) : [];
  const hint =
    absent.length === 0 ? "" : `; the set lacks ${absent.join(", ")} (protoc needs --include_imports)`;
  return { ...problem, message: `${name}: ${problem.message}${hint}` };
}
