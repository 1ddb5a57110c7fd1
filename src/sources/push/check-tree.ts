import type { Problem } from "../../base/problem.ts";
import { type ConfigFile, isConfigPath } from "../../config/config-file.ts";
import { failure, refusal } from "../problems.ts";
import type { SourceLimits } from "../reading.ts";

export type CheckedTree =
  | { readonly kind: "tree"; readonly files: readonly ConfigFile[] }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/** PATH_MAX. */
const pathMaxLength = 4096;
const shape = 'expected {"files":[{"path":"a.yaml","text":"..."}]}';

/** The files of a push, in order of path, or all that is wrong with them. `files` is what its JSON says. */
export function checkTree(files: unknown, limits: SourceLimits): CheckedTree {
  if (!Array.isArray(files)) return { kind: "refused", problems: [failure("push-shape", shape)] };
  if (files.length > limits.files) {
    const message = `${files.length} files are more than the limit of ${limits.files}`;
    return { kind: "refused", problems: [failure("too-many-files", message)] };
  }
  const problems: Problem[] = [];
  const texts = new Map<string, string>();
  let total = 0;
  for (const file of files) {
    if (!isFile(file)) {
      problems.push(failure("push-shape", shape));
      continue;
    }
    const { path, text } = file;
    const bytes = Buffer.byteLength(text);
    total += bytes;
    if (!isSafePath(path)) {
      problems.push(
        failure(
          "push-path",
          `${JSON.stringify(path.slice(0, 200))} is no path of a configuration file inside a folder`,
        ),
      );
    } else if (texts.has(path)) problems.push(refusal("push-path", path, "the file is there twice"));
    else if (bytes > limits.fileBytes) {
      problems.push(refusal("file-too-large", path, `file is ${bytes} bytes, limit is ${limits.fileBytes}`));
    } else texts.set(path, text);
  }
  if (total > limits.totalBytes) {
    problems.push(
      failure("tree-too-large", `all files together are ${total} bytes, limit is ${limits.totalBytes}`),
    );
  }
  if (problems.length > 0) return { kind: "refused", problems };
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "tree", files: sorted.map(([path, text]) => ({ path, text })) };
}

function isFile(value: unknown): value is { readonly path: string; readonly text: string } {
  if (typeof value !== "object" || value === null || !("path" in value) || !("text" in value)) return false;
  return typeof value.path === "string" && typeof value.text === "string";
}

function isSafePath(path: string): boolean {
  // eslint-disable-next-line no-control-regex
  const isClean = path.length <= pathMaxLength && !/[\u0000-\u001f\u007f\\]/.test(path);
  return isClean && path.split("/").every((name) => name !== "") && isConfigPath(path);
}
