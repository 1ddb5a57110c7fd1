import { systemClock } from "../../base/clock.ts";
import { type Log, type LogLevel, logLevels } from "../../base/log.ts";
import { formatPlace, type Problem } from "../../base/problem.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { createTextLog } from "../../server/log/text-log.ts";
import { colorsFor, type ColorMode } from "../color.ts";
import { renderProblems } from "../render-problems.ts";
import type { Terminal } from "../terminal.ts";

/** How a server speaks: its log, and the problems of its source. */
export interface Voice {
  readonly log: Log;
  readonly showProblems: (problems: readonly Problem[], files: readonly ConfigFile[]) => void;
}

export interface VoiceOptions {
  readonly format: "auto" | "json" | "text";
  readonly level: LogLevel;
  readonly color: ColorMode;
}

/** JSON lines unless stdout is a terminal; there, or for `text`, lines and excerpts for people. All on stdout. */
export async function createVoice(options: VoiceOptions, terminal: Terminal): Promise<Voice> {
  const { stdout } = terminal;
  const isJson = options.format === "json" || (options.format === "auto" && stdout.isTTY !== true);
  if (isJson) {
    const { createJsonLog } = await import("../../server/log/json-log.ts");
    const log = createJsonLog(options.level, stdout);
    return { log, showProblems: (problems) => logProblems(log, problems) };
  }
  const colors = colorsFor(options.color, terminal.env, stdout);
  const log = createTextLog(options.level, stdout, systemClock, colors);
  return {
    log,
    showProblems: (problems, files) => {
      const shown = problems.filter(({ severity }) => isShown(severity, options.level));
      const texts = new Map(files.map((file) => [file.shownAs ?? file.path, file.text]));
      stdout.write(renderProblems(shown, { colors, textOf: (file) => texts.get(file), limit: 20 }));
    },
  };
}

const logLevelOf = { error: "error", warning: "warn", info: "info" } as const;

function isShown(severity: Problem["severity"], level: LogLevel): boolean {
  return logLevels.indexOf(logLevelOf[severity]) <= logLevels.indexOf(level);
}

/** A line each, at most so many: whoever wants all asks the admin API. */
const mostLines = 100;

function logProblems(log: Log, problems: readonly Problem[]): void {
  for (const problem of problems.slice(0, mostLines)) {
    const { code, severity, message, place, path, suggestion, related } = problem;
    const others = related?.map((other) => `${formatPlace(other.place)}: ${other.message}`).join("; ");
    const fields = { code, ...place, path, suggestion, related: others };
    log[logLevelOf[severity]](message, { component: "config", ...fields });
  }
  if (problems.length > mostLines)
    log.warn("more problems are left out", { left_out: problems.length - mostLines });
}
