import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { refuse } from "./parsed.ts";

type Payload = MessageTypes["envoy.config.core.v3.HealthCheck.Payload"];

const noBytes = Buffer.alloc(0);
const hex = /^(?:[0-9a-f]{2})+$/i;

/** The bytes of a payload: hexadecimal digits as `text`, or `binary`. Empty when it is not set. */
export function parsePayload(payload: Payload | null | undefined, path: string, problems: Problem[]): Buffer {
  if (!payload) return noBytes;
  if (payload.text === undefined) return payload.binary ?? noBytes;
  if (hex.test(payload.text)) return Buffer.from(payload.text, "hex");
  problems.push(refuse(`${path}.text`, `invalid hex string '${payload.text}'`));
  return noBytes;
}

/** Those payloads that hold anything. */
export function parsePayloads(
  payloads: readonly Payload[] | undefined,
  path: string,
  problems: Problem[],
): readonly Buffer[] {
  const bytes = (payloads ?? []).map((payload, index) =>
    parsePayload(payload, `${path}[${index}]`, problems),
  );
  return bytes.filter(({ length }) => length > 0);
}
