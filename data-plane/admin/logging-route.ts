import type { LogLevel, LogThreshold } from "../../src/base/log.ts";
import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { textReply } from "./admin-route.ts";

/** Envoy's names of levels, and ours. */
const levels: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  critical: "error",
  off: "off",
};

/** There is one logger; Envoy has one for each part of it. */
const LOGGER = "main";

const usage =
  "usage: /logging?<name>=<level> (change single level)\n" +
  "usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n" +
  "usage: /logging?level=<level> (change all levels)\n" +
  `levels: ${Object.keys(levels).join(" ")} \n`;

/** Shows and changes how much is logged. */
export const loggingRoute: AdminRoute = {
  path: "/logging",
  isMutation: true,
  help: "query/change logging levels",
  parameters: {
    level: "Change all levels to this one",
    paths: `Levels by logger, ${LOGGER}:debug`,
    [LOGGER]: "Change the level of this logger",
  },
  answer({ host }, query) {
    const wanted = [
      ...query.getAll("level").map((level) => [LOGGER, level]),
      ...query.getAll(LOGGER).map((level) => [LOGGER, level]),
      ...query.getAll("paths").flatMap((paths) => paths.split(",").map((path) => path.split(":"))),
    ];
    for (const [name, level = ""] of wanted) {
      if (name !== LOGGER) return refusal(host.logThreshold, "unknown logger name");
      const known = Object.hasOwn(levels, level) ? levels[level] : undefined;
      if (known === undefined) return refusal(host.logThreshold, "unknown logger level");
      host.logThreshold.level = known;
    }
    return textReply(`${loggersText(host.logThreshold)}\n`);
  },
};

function refusal(threshold: LogThreshold, reason: string): AdminReply {
  return textReply(`error: ${reason}\n\n${usage}${loggersText(threshold)}\n`, 400);
}

function loggersText({ level }: LogThreshold): string {
  return `active loggers:\n  ${LOGGER}: ${level === "warn" ? "warning" : level}\n`;
}
