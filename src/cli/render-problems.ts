import { maskSecrets } from "../base/mask-secrets.ts";
import { printable } from "../base/printable.ts";
import { formatPlace, formatProblem, type Place, type Problem, type Severity } from "../base/problem.ts";
import type { Colors } from "./color.ts";

export interface RenderOptions {
  readonly colors: Colors;
  /** The text of a file by the name that places carry; undefined when it is not at hand. */
  textOf(file: string): string | undefined;
  /** How many problems are shown; the rest is counted. Default 100. */
  readonly limit?: number;
}

/** How much of a long line is shown around the column. */
const excerptWidth = 100;

/**
 * Problems for people: one line as editors and CI systems link it, then the line of the file with a caret under the
 * column. Errors come first, each severity in the order given. Empty without problems.
 *
 *     error: edge.yaml:3:12 clusters[0].type: expected STATIC or EDS, found "ESD"; did you mean EDS? [bad-enum-value]
 *        3 |     type: ESD
 *          |           ^
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions): string {
  const limit = options.limit ?? 100;
  const lines = new Map<string, readonly string[]>();
  const linesOf = (file: string) => {
    const known = lines.get(file) ?? options.textOf(file)?.split(/\r\n|\r|\n/) ?? [];
    lines.set(file, known);
    return known;
  };
  const order: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
  const sorted = problems.toSorted((a, b) => order[a.severity] - order[b.severity]);
  const blocks = sorted.slice(0, limit).map((problem) => renderOne(problem, options.colors, linesOf));
  if (problems.length > limit) blocks.push(`… and ${problems.length - limit} more\n`);
  return blocks.join("");
}

function renderOne(problem: Problem, colors: Colors, linesOf: (file: string) => readonly string[]): string {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan }[problem.severity];
  const text = printable(maskSecrets(formatProblem(problem)), 1000);
  let block = `${paint(colors.bold(`${problem.severity}:`))} ${text} ${colors.dim(`[${problem.code}]`)}\n`;
  if (problem.place) block += renderExcerpt(problem.place, colors, linesOf(problem.place.file));
  for (const { place, message } of problem.related ?? []) {
    block += `  ${colors.cyan("note:")} ${formatPlace(place)}: ${printable(maskSecrets(message), 1000)}\n`;
    block += renderExcerpt(place, colors, linesOf(place.file));
  }
  return block;
}

function renderExcerpt(place: Place, colors: Colors, lines: readonly string[]): string {
  const line = lines[place.line - 1];
  if (line === undefined) return "";
  const isLong = line.length > excerptWidth;
  const from = isLong ? Math.max(0, Math.min(place.column - 1, line.length) - excerptWidth / 2) : 0;
  const shown = concealed(line) ?? line.slice(from, from + excerptWidth);
  const before = printableWidth(shown.slice(0, place.column - 1 - from));
  const margin = String(place.line).padStart(5);
  const gap = " ".repeat(margin.length);
  return `${colors.dim(`${margin} |`)} ${spaced(shown)}\n${colors.dim(`${gap} |`)} ${" ".repeat(before)}${colors.red("^")}\n`;
}

// A caret excerpt quotes the file as it is, so a line that may hold a secret shows its key alone.
const secretLine =
  /^(\s*(?:-\s+)?["']?[\w-]*(?:inline_string|inline_bytes|password|token|secret|key)["']?\s*:\s*)[^\s&*|>].*$/i;
const base64Line = /^\s*[A-Za-z0-9+/]{40,}={0,2}\s*$/;

function concealed(line: string): string | undefined {
  if (base64Line.test(line)) return line.replace(/\S+/, "[masked]");
  const secret = secretLine.exec(line);
  return secret && line.length < 10_000 ? `${secret[1]}[masked]` : undefined;
}

/** Tabs and control characters as one space each, so that the caret stands where it should. */
function spaced(text: string): string {
  return printable(maskSecrets(text.replaceAll("\t", " ")));
}

function printableWidth(text: string): number {
  return spaced(text).length;
}
