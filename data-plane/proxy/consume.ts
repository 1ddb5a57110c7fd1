import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import { formatProblem } from "../../src/base/problem.ts";
import type { Parsed } from "../resources/parsed.ts";
import { reasonOf } from "../resources/parsed.ts";
import type { Refusal, Update, UpdatedResource } from "../xds-client/update.ts";
import type { ResourceRecords } from "../resources/resource-records.ts";

/** How resources of one type are read and run. */
export interface Application<Config> {
  readonly records: ResourceRecords;
  readonly clock: Clock;
  readonly log: Log;
  /** What the type is called in logs: `cluster`. */
  readonly noun: string;
  parse(resource: UpdatedResource): Parsed<Config>;
  /** The resource came again as it is. */
  repeated?(name: string): void;
  /** Runs the resource; the reason, if it cannot be. */
  run(config: Config): Promise<string | undefined> | string | undefined;
}

/**
 * Applies each good resource of an update and keeps the last good state of each bad one (XC-28, *each*). What has not changed is
 * left alone, and what is static is passed over (XC-32, XC-40).
 */
export async function applyEach<Config>(
  update: Update,
  application: Application<Config>,
): Promise<readonly Refusal[]> {
  const { records, clock, log, noun } = application;
  const refused: Refusal[] = [];
  let isChanged = update.removed.length > 0;
  for (const [name, resource] of update.resources) {
    const { version, value: bytes, message } = resource;
    const known = records.get(name);
    if (known?.origin === "static") {
      log.info(`passed over a ${noun} with the name of a static one`, { name, version });
      continue;
    }
    const atMs = clock.now();
    if (known?.bytes?.equals(bytes)) {
      records.applied({ ...withoutError(known), version });
      application.repeated?.(name);
      continue;
    }
    const { value: config, problems } = application.parse(resource);
    for (const problem of problems) {
      if (problem.severity === "warning") log.warn(formatProblem(problem), { [noun]: name, version });
    }
    const reason = config === undefined ? reasonOf(problems) : await application.run(config);
    if (reason === undefined) {
      records.applied({ name, origin: "dynamic", version, message, bytes, updatedAtMs: atMs });
      isChanged = true;
    } else {
      records.refused(name, { message, version, atMs, details: reason });
      refused.push({ name, reason });
    }
  }
  if (isChanged || refused.length === 0) records.version = update.version;
  return refused;
}

function withoutError<Record extends { readonly errorState?: unknown }>(
  record: Record,
): Omit<Record, "errorState"> {
  const { errorState: _cleared, ...rest } = record;
  return rest;
}
