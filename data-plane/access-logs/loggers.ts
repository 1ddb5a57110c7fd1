import type { AccessLogDestination, AccessLogger, Extension } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import { logFormatSupport, parseLogFormat } from "./log-format.ts";

const fileType = "envoy.extensions.access_loggers.file.v3.FileAccessLog";

/** `envoy.access_loggers.file`: appends to a file; `/dev/stdout` and `/dev/stderr` are the process's own streams. */
export const fileAccessLog: Extension<AccessLogger> = {
  typeName: fileType,
  parse(message, _context, path) {
    const config = asType(fileType, message);
    const format = parseLogFormat(config.log_format, `${path}.log_format`);
    const problems = [
      ...unsupportedFields(message, { path: true, log_format: logFormatSupport }, path),
      ...format.problems,
    ];
    const line = format.value ?? (() => "");
    const destination = destinationOf(config.path ?? "");
    return parsed((run) => {
      const write = run.openAccessLog(destination);
      return (entry) => write(line(entry));
    }, problems);
  },
};

function destinationOf(path: string): AccessLogDestination {
  if (path === "/dev/stdout") return { kind: "stdout" };
  if (path === "/dev/stderr") return { kind: "stderr" };
  return { kind: "file", path };
}

/** `envoy.access_loggers.stdout` */
export const stdoutAccessLog = streamAccessLog("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
  kind: "stdout",
});

/** `envoy.access_loggers.stderr` */
export const stderrAccessLog = streamAccessLog("envoy.extensions.access_loggers.stream.v3.StderrAccessLog", {
  kind: "stderr",
});

function streamAccessLog(
  typeName:
    | "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
    | "envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
  destination: AccessLogDestination,
): Extension<AccessLogger> {
  return {
    typeName,
    parse(message, _context, path) {
      const format = parseLogFormat(asType(typeName, message).log_format, `${path}.log_format`);
      const problems = [
        ...unsupportedFields(message, { log_format: logFormatSupport }, path),
        ...format.problems,
      ];
      const line = format.value ?? (() => "");
      return parsed((run) => {
        const write = run.openAccessLog(destination);
        return (entry) => write(line(entry));
      }, problems);
    },
  };
}
