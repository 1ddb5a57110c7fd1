import type { Place } from "../base/problem.ts";
import type { SourceFile, SourceNode } from "../schema/source-node.ts";
import { isWithinScalar } from "./source-tree.ts";

/** A comment `# chancery:ignore CODE[,CODE…] [reason]` that silences lints at one line. */
export interface Ignore {
  readonly codes: readonly string[];
  readonly place: Place;
  /** The line whose problems it silences: its own, or the next that is no comment when it stands alone. */
  readonly line: number;
}

const marker = /(?<=^|\s)#\s*chancery:ignore(?=\s|$)[ \t]*(?<codes>[^\s#]*)/;

/** All silencing comments of a file. The same words inside a string are no comment. */
export function findIgnores(file: SourceFile, documents: readonly SourceNode[]): readonly Ignore[] {
  if (!file.text.includes("chancery:ignore")) return [];
  const ignores: Ignore[] = [];
  const lines = file.text.split("\n");
  let offset = 0;
  for (const [index, text] of lines.entries()) {
    const match = marker.exec(text);
    if (match && !documents.some((document) => isWithinScalar(document, offset + match.index))) {
      ignores.push({
        codes: match.groups!["codes"]!.split(",").filter((code) => code !== ""),
        place: { file: file.name, line: index + 1, column: match.index + 1 },
        line: isOnlyComment(text) ? nextLine(lines, index) : index + 1,
      });
    }
    offset += text.length + 1;
  }
  return ignores;
}

function isOnlyComment(text: string): boolean {
  return text.trimStart().startsWith("#");
}

function nextLine(lines: readonly string[], index: number): number {
  const below = lines.findIndex((text, other) => other > index && !isOnlyComment(text));
  return (below < 0 ? index : below) + 1;
}
