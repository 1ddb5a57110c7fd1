import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { AccessLogger, Installer, ParseContext } from "../resources/extension.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import { parseTypedConfig } from "../resources/typed-config.ts";
import { filterSupport, parseFilter, type EntryTest } from "./access-log-filter.ts";

/**
 * Reads a list of `envoy.config.accesslog.v3.AccessLog`: one logger that writes to all of them, or none when the list is empty.
 */
export function parseAccessLogs(
  logs: readonly MessageTypes["envoy.config.accesslog.v3.AccessLog"][] | undefined,
  context: ParseContext,
  path: string,
): Parsed<Installer<AccessLogger | undefined>> {
  const installers: Installer<AccessLogger>[] = [];
  const problems: Problem[] = [];
  for (const [index, log] of (logs ?? []).entries()) {
    const logPath = `${path}[${index}]`;
    problems.push(
      ...unsupportedFields(log, { name: true, typed_config: true, filter: filterSupport }, logPath),
    );
    const logger = parseTypedConfig("accessLoggers", log, context, logPath);
    problems.push(...logger.problems);
    const test = log.filter && parseFilter(log.filter, context, `${logPath}.filter`, problems);
    if (logger.value) installers.push(test ? filtered(logger.value, test) : logger.value);
  }
  return parsed((run, scope) => {
    if (installers.length === 0) return undefined;
    const loggers = installers.map((install) => install(run, scope));
    return (entry) => loggers.forEach((log) => log(entry));
  }, problems);
}

/** A logger that notes only what passes. */
function filtered(install: Installer<AccessLogger>, test: EntryTest): Installer<AccessLogger> {
  return (run, scope) => {
    const log = install(run, scope);
    return (entry) => {
      if (test(entry, run.random)) log(entry);
    };
  };
}
