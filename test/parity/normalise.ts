import type { JsonValue } from "../kit/json.ts";

/** What a run knows about itself. */
export interface RunNames {
  /** Port → what to call it. */
  readonly ports: ReadonlyMap<number, string>;
  /** The rig's folder, with a slash behind it or not. */
  readonly folder: string;
}

/** What has to differ from run to run in text, each by name. docs/parity.md lists them. */
export const normalisers: Readonly<Record<string, (text: string, run: RunNames) => string>> = {
  folder: (text, { folder }) => text.replaceAll(folder.replace(/\/$/, ""), "FOLDER"),
  port: (text, { ports }) =>
    text.replaceAll(/(?<![\w.])\d{4,5}(?![\w.])/g, (digits) => ports.get(Number(digits)) ?? digits),
  "http-date": (text) => text.replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, "DATE"),
  "iso-time": (text) => text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/g, "TIME"),
  uuid: (text) => text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID"),
  "service-time": (text) =>
    text.replaceAll(/x-envoy-upstream-service-time: \d+/g, "x-envoy-upstream-service-time: MS"),
};

/** The value with every text in it settled, and numbers that are ports named. */
export function normalise(value: JsonValue, run: RunNames): JsonValue {
  if (typeof value === "string") {
    return Object.values(normalisers).reduce((text, settle) => settle(text, run), value);
  }
  if (typeof value === "number") return run.ports.get(value) ?? value;
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map((item) => normalise(item, run));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [normalisers["folder"]!(key, run), normalise(item, run)]),
  );
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
