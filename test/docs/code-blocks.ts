import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A fenced block of a page that carries a file name: ```` ```yaml file=NAME ````. */
export interface CodeBlock {
  readonly file: string;
  readonly text: string;
}

/** All named blocks of a page, in order; `page` is its path in the repository. */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const text = readFileSync(repositoryPath(page), "utf8");
  return [...text.matchAll(/^```\w+ file=(\S+)\n(.*?)^```$/gms)].map(([, file = "", body = ""]) => ({
    file,
    text: body,
  }));
}

/** Absolute path of something in the repository, the same from the sources and from dist. */
export function repositoryPath(path: string): string {
  return fileURLToPath(import.meta.resolve(`#root/${path}`));
}
