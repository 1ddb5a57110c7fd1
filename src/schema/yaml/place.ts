import type { Place } from "../../base/problem.ts";
import type { SourceFile } from "../source-node.ts";

// A memo and nothing else: a file's text never changes, and an index goes when its file does.
const lineStarts = new WeakMap<SourceFile, readonly number[]>();

/**
 * The line and column of a UTF-16 offset into a file's text. The line index is made at the first question about a
 * file, so that thousands of problems in one file cost a binary search each.
 */
export function placeOf(file: SourceFile, offset: number): Place {
  let starts = lineStarts.get(file);
  if (!starts) {
    starts = indexLines(file.text);
    lineStarts.set(file, starts);
  }
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { file: file.name, line: low + 1, column: offset - starts[low]! + 1 };
}

function indexLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
