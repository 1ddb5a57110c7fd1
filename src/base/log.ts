/** From the quietest to the most talkative. */
export const logLevels = ["off", "error", "warn", "info", "debug"] as const;
/** How much a line matters. */
export type LogLevel = (typeof logLevels)[number];

/**
 * What stands beside the message, with these names where they fit: `component node type_url version nonce revision
 * error`. Values that are undefined are left out.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where a component says what happened. One event a call; texts of peers go into fields, not into the message. */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** The same log with fields that stand in every line. */
  with(fields: LogFields): Log;
}

/** One line on its way out. */
export interface LogRecord {
  readonly level: Exclude<LogLevel, "off">;
  readonly message: string;
  readonly fields: LogFields;
}

/** A level that may change while logs of it are in use. */
export interface LogThreshold {
  level: LogLevel;
}

/** A log that gives every record of `level` and above to `write`. */
export function createLog(
  level: LogLevel | LogThreshold,
  write: (record: LogRecord) => void,
  base: LogFields = {},
): Log {
  const isSilent = (name: LogRecord["level"], limit: LogLevel) =>
    logLevels.indexOf(name) > logLevels.indexOf(limit);
  const at = (name: LogRecord["level"]) => {
    const log = (message: string, fields?: LogFields) =>
      write({ level: name, message, fields: fields ? { ...base, ...fields } : base });
    if (typeof level === "string") return isSilent(name, level) ? () => undefined : log;
    return (message: string, fields?: LogFields) => {
      if (!isSilent(name, level.level)) log(message, fields);
    };
  };
  return {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    with: (fields) => createLog(level, write, { ...base, ...fields }),
  };
}
