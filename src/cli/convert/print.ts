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
  readonly line: (result: Converted) => ConvertedLine;
}

/** Writes results as they come, so that thousands of files need no more memory than one. */
export interface Printer {
  /** `text` is what the file holds, for excerpts. */
  print(result: Converted, text: string): void;
  end(): void;
}

export function createPrinter({ form, output, colors, line }: PrinterOptions, terminal: Terminal): Printer {
  const { stdout, stderr } = terminal;
  if (output === "jsonl") {
    return { print: (result) => stdout.write(`${JSON.stringify(line(result))}\n`), end: () => undefined };
  }
  if (output === "json") {
    const items: ConvertedLine[] = [];
    return {
      print: (result) => items.push(line(result)),
      end: () => stdout.write(`${JSON.stringify({ apiVersion, kind: "Conversion", items }, undefined, 2)}\n`),
    };
  }
  let count = 0;
  return {
    print: (converted, text) => {
      stderr.write(renderProblems(converted.problems, { colors, textOf: () => text }));
      if (!converted.result) return;
      if (form === "yaml" && count > 0) stdout.write("---\n");
      count += 1;
      stdout.write(converted.result.output);
    },
    end: () => undefined,
  };
}
