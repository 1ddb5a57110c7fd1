import type { Flag } from "./flag.ts";
import { choiceFlag } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

/** The forms of `-o` that every command with an answer has. */
export const outputFormats = ["table", "json", "yaml", "jsonl"] as const;

export type OutputFormat = (typeof outputFormats)[number];

/** Names the shape of machine output; it never changes shape within one version. */
export const apiVersion = "chancery/v1";

export const outputFlag: Flag<OutputFormat> = choiceFlag(outputFormats, "table", "how to print the answer", {
  short: "o",
  placeholder: "FORMAT",
});

/** What a command has to say, in the forms that `-o` picks from. */
export interface Report {
  /** `NodeList`, `Validation`, ...: with `apiVersion` the name of the shape. */
  readonly kind: string;
  /** The answer as JSON values. */
  readonly document: Readonly<Record<string, unknown>>;
  /** One JSON value a line for `-o jsonl`; without it the document is the only line. */
  readonly lines?: readonly Readonly<Record<string, unknown>>[];
  /** The text for people, ending in a line break. Called only when it is shown. */
  text(): string;
}

/** Writes the report to stdout in the form asked for, and nothing else. */
export async function writeReport(terminal: Terminal, format: OutputFormat, report: Report): Promise<void> {
  const document = { apiVersion, kind: report.kind, ...report.document };
  if (format === "table") terminal.stdout.write(report.text());
  else if (format === "json") terminal.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
  else if (format === "jsonl") {
    const lines = report.lines ?? [document];
    terminal.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  } else {
    const { dump } = await import("js-yaml");
    terminal.stdout.write(dump(document, { noRefs: true }));
  }
}
