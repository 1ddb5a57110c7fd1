import { pathToFileURL } from "node:url";
import type { Place, Problem, Severity } from "../../base/problem.ts";

const levels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

/**
 * Problems as SARIF 2.1.0, which code-scanning services read. File names stay relative to where the command ran, which is
 * the root of the checkout in CI.
 */
export function toSarif(problems: readonly Problem[], version: string): string {
  const codes = [...new Set(problems.map(({ code }) => code))].sort();
  const document = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "chancery", version, rules: codes.map((id) => ({ id })) } },
        columnKind: "utf16CodeUnits",
        results: problems.map((problem) => ({
          ruleId: problem.code,
          ruleIndex: codes.indexOf(problem.code),
          level: levels[problem.severity],
          message: { text: textOf(problem) },
          locations: problem.place ? [locationOf(problem.place)] : [],
          ...(problem.related && {
            relatedLocations: problem.related.map(({ place, message }) => ({
              ...locationOf(place),
              message: { text: message },
            })),
          }),
        })),
      },
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function locationOf({ file, line, column }: Place) {
  const uri = file.startsWith("/")
    ? pathToFileURL(file).href
    : file.split("/").map(encodeURIComponent).join("/");
  return {
    physicalLocation: {
      artifactLocation: { uri },
      region: { startLine: line, startColumn: column },
    },
  };
}

/** The message with the path and the suggestion, which have no place of their own. */
export function textOf({ path, message, suggestion }: Problem): string {
  const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return `${path === undefined ? "" : `${path}: `}${message}${hint}`;
}
