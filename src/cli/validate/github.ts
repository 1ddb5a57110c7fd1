import type { Problem, Severity } from "../../base/problem.ts";
import { textOf } from "./sarif.ts";

const commands: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "notice" };

/** Problems as workflow commands of GitHub Actions, which shows them at their lines of a pull request. */
export function toAnnotations(problems: readonly Problem[]): string {
  return problems
    .map((problem) => {
      const { code, severity, place } = problem;
      const where = place
        ? [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`]
        : [];
      return `::${commands[severity]} ${[...where, `title=${property(code)}`].join(",")}::${data(textOf(problem))}\n`;
    })
    .join("");
}

/** What a line break or a colon would end is escaped, so that no text of a configuration becomes a command. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
