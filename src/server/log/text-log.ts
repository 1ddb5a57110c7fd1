import type { Clock } from "../../base/clock.ts";
import { createLog, type Log, type LogLevel, type LogRecord, type LogThreshold } from "../../base/log.ts";
import { maskSecrets } from "../../base/mask-secrets.ts";
import { printable } from "../../base/printable.ts";

/** The colour functions that lines use; the identity where there is no colour. */
export interface LineColors {
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

/** A log of lines for people: `14:00:05 warn  node refused a response  node=edge-1 version=…`. UTC, masked. */
export function createTextLog(
  level: LogLevel | LogThreshold,
  stream: { write(line: string): unknown },
  clock: Clock,
  colors: LineColors,
): Log {
  return createLog(level, (record) => stream.write(`${formatLine(record, clock.now(), colors)}\n`));
}

function formatLine(record: LogRecord, nowMs: number, colors: LineColors): string {
  const time = new Date(nowMs).toISOString().slice(11, 19);
  const label = record.level.padEnd(5);
  const paint = { error: colors.red, warn: colors.yellow, info: plain, debug: colors.dim }[record.level];
  const fields = Object.entries(record.fields)
    .filter(([name, value]) => value !== undefined && name !== "component")
    .map(([name, value]) => colors.dim(`${name}=${formatValue(String(value))}`));
  const message = printable(maskSecrets(record.message));
  return [colors.dim(time), paint(label), message, ...fields].join(" ");
}

function plain(text: string): string {
  return text;
}

function formatValue(value: string): string {
  const safe = printable(maskSecrets(value));
  return /^[^\s"=]+$/.test(safe) ? safe : `"${safe.replaceAll('"', '\\"')}"`;
}
