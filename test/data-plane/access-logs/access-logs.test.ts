import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { describe, it } from "node:test";
import { createLog } from "../../../src/base/log.ts";
import { loadSchema } from "../../../src/schema/load.ts";
import type { Message } from "../../../src/schema/message.ts";
import { fileAccessLog, stdoutAccessLog } from "../../../data-plane/access-logs/loggers.ts";
import { AccessLogs } from "../../../data-plane/access-logs/open-access-logs.ts";
import { parseAccessLogs } from "../../../data-plane/access-logs/parse-access-logs.ts";
import { parseLogFormat } from "../../../data-plane/access-logs/log-format.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import type { FormatSource } from "../../../data-plane/network/format-string.ts";
import type { ParseContext } from "../../../data-plane/resources/extension.ts";
import { localData } from "../parse-kit.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { until } from "../../kit/within.ts";

const schema = loadSchema();
const context: ParseContext = {
  schema,
  foreignSources: { IPv4: true, IPv6: true },
  staticSecrets: new Map(),
  extensions: {
    listenerFilters: [],
    networkFilters: [],
    upstreamTransportSockets: [],
    downstreamTransportSockets: [],
    accessLoggers: [fileAccessLog, stdoutAccessLog],
    httpFilters: [],
    httpRouteConfigs: [],
    originalIpDetection: [],
  },
  hasCluster: () => true,
  sourceRefusal: () => undefined,
  runtime: {
    isEnabled: (_key, fallback) => fallback,
    integer: (_key, fallback) => fallback,
    number: (_key, fallback) => fallback,
    fraction: (_key, fallback) => fallback,
  },
  hostname: "edge-1",
  local: localData,
};

function ip(address: string, port: number) {
  return { address, port, family: "IPv4" } as const;
}

function entry(): FormatSource {
  const connection = new ConnectionInfo(7, ip("127.0.0.1", 51000), ip("127.0.0.1", 10000));
  connection.remote = ip("203.0.113.7", 40000);
  return {
    connection,
    hostname: "edge-1",
    upstreamCluster: "inner",
    upstreamHost: {
      address: ip("127.0.0.1", 10001),
      hostname: "",
      metadata: { filter: new Map(), typed: new Map() },
    },
    upstreamLocal: ip("127.0.0.1", 52000),
    transfer: { bytesReceived: 80, bytesSent: 120, durationMs: 3.7 },
  };
}

function lineOf(format: Message): string | undefined {
  return parseLogFormat(format, "log_format").value?.(entry());
}

function problemsOf(format: Message | undefined) {
  return parseLogFormat(format, "log_format").problems.map(({ path }) => path);
}

describe("parseLogFormat()", () => {
  const cases: readonly (readonly [operator: string, text: string])[] = [
    ["%DOWNSTREAM_REMOTE_ADDRESS%", "203.0.113.7:40000"],
    ["%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "203.0.113.7"],
    ["%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "127.0.0.1:51000"],
    ["%DOWNSTREAM_LOCAL_ADDRESS%", "127.0.0.1:10000"],
    ["%UPSTREAM_HOST%", "127.0.0.1:10001"],
    ["%UPSTREAM_LOCAL_ADDRESS%", "127.0.0.1:52000"],
    ["%UPSTREAM_CLUSTER%", "inner"],
    ["%BYTES_RECEIVED% %BYTES_SENT% %DURATION%", "80 120 3"],
    ["%CONNECTION_ID% %HOSTNAME% %%", "7 edge-1 %"],
    ["%REQ(X)%", "-"],
  ];
  for (const [operator, text] of cases) {
    it(`reads ${operator}`, () => {
      assert.equal(lineOf({ text_format_source: { inline_string: `${operator}\n` } }), `${text}\n`);
    });
  }

  it("writes JSON with sorted keys and null for what has no value", () => {
    const fields = {
      who: { string_value: "%DOWNSTREAM_REMOTE_ADDRESS%" },
      path: { string_value: "%REQ(:PATH)%" },
    };
    assert.equal(lineOf({ json_format: { fields } }), '{"path":null,"who":"203.0.113.7:40000"}\n');
  });

  it("writes Envoy's default format where none is set", () => {
    assert.equal(lineOf({}), '[-] "- - -" 0 - 80 120 3 - "-" "-" "-" "-" "127.0.0.1:10001"\n');
  });

  it("refuses an operator that it does not know, by path, and takes values that are no text", () => {
    assert.deepEqual(problemsOf({ text_format: "%NOPE%" }), ["log_format.text_format"]);
    const fields = { a: { number_value: 1 }, b: { string_value: "%NOPE%" } };
    assert.deepEqual(problemsOf({ json_format: { fields } }), ["log_format.json_format.b"]);
  });
});

describe("fileAccessLog", () => {
  it("appends to a file that several loggers share", async () => {
    using folder = temporaryFolder();
    const path = folder.file("access.log");
    const logs = new AccessLogs({ stdout: { write: assert.fail }, stderr: { write: assert.fail } }, silent);
    for (let index = 0; index < 2; index += 1) {
      logs.open({ kind: "file", path })(`line ${index}\n`);
    }
    await logs[Symbol.asyncDispose]();
    assert.equal(readFileSync(path, "utf8"), "line 0\nline 1\n");
  });

  it("opens files anew when they were moved away, and loses no line", async () => {
    using folder = temporaryFolder();
    const path = folder.file("access.log");
    const logs = new AccessLogs({ stdout: { write: assert.fail }, stderr: { write: assert.fail } }, silent);
    const write = logs.open({ kind: "file", path });
    write("old\n");
    const opened = await until(5000, "the file is there", () => (existsSync(path) ? true : undefined));
    assert.ok(opened);
    renameSync(path, `${path}.1`);
    logs.reopen();
    write("new\n");
    await logs[Symbol.asyncDispose]();
    assert.deepEqual([readFileSync(`${path}.1`, "utf8"), readFileSync(path, "utf8")], ["old\n", "new\n"]);
  });

  it("takes /dev/stdout for the process's own stream", () => {
    const written: string[] = [];
    const logs = new AccessLogs(
      { stdout: { write: (text) => written.push(text) }, stderr: { write: assert.fail } },
      silent,
    );
    logs.open({ kind: "stdout" })("a line\n");
    assert.deepEqual(written, ["a line\n"]);
  });

  it("refuses what it does not support by name", () => {
    const config = {
      path: "/tmp/x",
      access_log_format: 1,
      log_format: { text_format: "x", formatters: [{ name: "x" }] },
    };
    const paths = fileAccessLog.parse(config, context, "access_log[0]").problems.map(({ path }) => path);
    assert.deepEqual(paths, ["access_log[0].access_log_format", "access_log[0].log_format.formatters"]);
  });

  it("goes on when the file cannot be opened, and says so once", async () => {
    const said: string[] = [];
    const log = createLog("error", ({ message }) => said.push(message));
    const logs = new AccessLogs({ stdout: { write: assert.fail }, stderr: { write: assert.fail } }, log);
    const write = logs.open({ kind: "file", path: "/nonexistent/access.log" });
    write("lost\n");
    await logs[Symbol.asyncDispose]();
    write("lost too\n");
    assert.deepEqual(said, ["cannot write an access log"]);
  });
});

describe("parseAccessLogs()", () => {
  it("refuses filters that it does not know by name, inside of others too", () => {
    const filter = { and_filter: { filters: [{ traceable_filter: {} }, { metadata_filter: {} }] } };
    const logs = [{ filter }, { filter: { extension_filter: {} } }];
    const paths = parseAccessLogs(logs, context, "access_log").problems.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => path?.includes("filter")),
      [
        "access_log[0].filter.and_filter.filters[0].traceable_filter",
        "access_log[0].filter.and_filter.filters[1].metadata_filter",
        "access_log[1].filter.extension_filter",
      ],
    );
  });
});

const silent = createLog("off", () => undefined);
