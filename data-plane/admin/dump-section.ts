import type { JsonValue } from "../../src/schema/json-value.ts";
import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import { typeUrlOf } from "../../src/schema/type-urls.ts";
import type { ResourceRecord } from "../resources/resource-records.ts";
import type { AdminView } from "./admin-view.ts";

/** One part of the dump: a message of envoy.admin.v3 with its lists. */
export type Section = Readonly<Record<string, unknown>>;

/** A part by the name of its message. */
export function section(name: string, fields: Readonly<Record<string, unknown>>): Section {
  return { "@type": typeUrlOf(`envoy.admin.v3.${name}`), ...fields };
}

/** A resource as the dump's lists have it; the message stands under `field`. */
export function state(
  view: AdminView,
  record: ResourceRecord,
  field: string,
  typeName: string,
  hasErrorState: boolean,
): object {
  return {
    ...(record.version !== "" && { version_info: record.version }),
    ...(record.message && { [field]: asAny(view, typeName, record.message) }),
    last_updated: new Date(record.updatedAtMs).toISOString(),
    ...(hasErrorState && errorState(view, record, typeName)),
    ...(hasErrorState &&
      record.origin === "dynamic" && { client_status: record.errorState ? "NACKED" : "ACKED" }),
  };
}

/** The last refusal of a resource, if it stands. */
export function errorState(view: AdminView, { errorState: error }: ResourceRecord, typeName: string): object {
  if (!error) return {};
  return {
    error_state: {
      failed_configuration: asAny(view, typeName, error.message),
      last_update_attempt: new Date(error.atMs).toISOString(),
      details: error.details,
      version_info: error.version,
    },
  };
}

/** A message as an Any is shown. */
export function asAny(view: AdminView, typeName: string, message: Message): JsonValue {
  const json = view.toJson(typeName, message);
  const fields = isRecord(json) ? json : {};
  return { "@type": typeUrlOf(typeName), ...fields };
}
