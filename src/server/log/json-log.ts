import pino from "pino";
import { createLog, type Log, type LogLevel, type LogThreshold } from "../../base/log.ts";
import { maskSecrets } from "../../base/mask-secrets.ts";

/**
 * A log of JSON lines: `{"level":"info","ts":"2026-11-23T14:00:00.000Z","component":...,"msg":...}`. Private keys and
 * tokens inside texts are masked.
 */
export function createJsonLog(level: LogLevel | LogThreshold, stream: { write(line: string): unknown }): Log {
  const logger = pino(
    {
      level: "debug",
      base: null,
      messageKey: "msg",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stream.write(line) },
  );
  return createLog(level, (record) => {
    const fields: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(record.fields)) {
      fields[name] = typeof value === "string" ? maskSecrets(value) : value;
    }
    logger[record.level](fields, maskSecrets(record.message));
  });
}
