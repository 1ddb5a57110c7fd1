import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { ParseContext } from "./extension.ts";
import { asType } from "./message-type.ts";
import { notSupported } from "./support.ts";
import type { SupportTable } from "./support.ts";
import { unpack } from "./typed-config.ts";

const fileSink = "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";

/** Where events may go. A service that takes them (`event_service`) is none of them. */
export const eventLogSupport: SupportTable = { event_log_path: true, event_logger: true };

/** The files that the events of a health check are written to. */
export function parseEventLogs(
  check: MessageTypes["envoy.config.core.v3.HealthCheck"],
  context: ParseContext,
  path: string,
  problems: Problem[],
): readonly string[] {
  const sinks = (check.event_logger ?? []).flatMap(({ typed_config: any }, index) => {
    const sinkPath = `${path}.event_logger[${index}].typed_config`;
    const typeName = typeNameOf(any?.type_url ?? "");
    if (!any || typeName !== fileSink) {
      problems.push(notSupported(sinkPath, typeName));
      return [];
    }
    const { value, problems: found } = unpack(any, fileSink, context, sinkPath);
    problems.push(...found);
    return value ? [asType(fileSink, value).event_log_path ?? ""] : [];
  });
  const own = check.event_log_path ?? "";
  return own === "" ? sinks : [own, ...sinks];
}
