import { hasErrors, type Problem } from "../../base/problem.ts";
import type { Converted, ConvertedLine, MessageForm } from "../../schema/convert.ts";
import type { Colors } from "../color.ts";
import { apiVersion } from "../output.ts";
import { renderProblems } from "../render-problems.ts";
import type { Terminal } from "../terminal.ts";

export interface PrinterOptions {
  readonly form: MessageForm;
  readonly output: "plain" | "json" | "jsonl";
  /** For what goes to stderr. */
  readonly colors: Colors;
  readonly line: (file: string, results: readonly Converted[]) => ConvertedLine;
}

/** Writes results as they come, so that thousands of files need no more memory than one. */
export interface Printer {
  /** Prints what came of one file; `text` is what it holds, for excerpts. True when nothing of it is wrong. */
  print(file: string, results: readonly Converted[], text: string): boolean;
  end(): void;
}

export function createPrinter({ form, output, colors, line }: PrinterOptions, terminal: Terminal): Printer {
  const { stdout, stderr } = terminal;
  if (output === "jsonl") {
    return {
      print: (file, results) => {
        const printed = line(file, results);
        stdout.write(`${JSON.stringify(printed)}\n`);
        return printed.ok;
      },
      end: () => undefined,
    };
  }
  if (output === "json") {
    const items: ConvertedLine[] = [];
    return {
      print: (file, results) => {
        const item = line(file, results);
        items.push(item);
        return item.ok;
      },
      end: () => stdout.write(`${JSON.stringify({ apiVersion, kind: "Conversion", items }, undefined, 2)}\n`),
    };
  }
  let count = 0;
  return {
    print: (file, results, text) => {
      for (const { problems, result } of results) {
        const named = problems.map((problem) => namingFile(file, problem));
        stderr.write(renderProblems(named, { colors, textOf: () => text }));
        if (!result) continue;
        if (form === "yaml" && count > 0) stdout.write("---\n");
        count += 1;
        stdout.write(result.output);
      }
      return results.every(({ problems }) => !hasErrors(problems));
    },
    end: () => undefined,
  };
}

/** A problem of the file as a whole has no place, and of many files one must know which. */
function namingFile(file: string, problem: Problem): Problem {
  if (problem.place || problem.message.includes(file)) return problem;
  return { ...problem, message: `${file}: ${problem.message}` };
}
