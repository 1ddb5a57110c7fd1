import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { Log } from "../../../src/base/log.ts";
import { createJsonLog } from "../../../src/server/log/json-log.ts";
import { createTextLog } from "../../../src/server/log/text-log.ts";

const noColors = { dim: String, red: String, yellow: String };
const noon = { ...systemClock, now: () => Date.UTC(2026, 10, 23, 12, 0, 5) };

function lines(make: (stream: { write(line: string): void }) => Log, use: (log: Log) => void): string[] {
  const written: string[] = [];
  use(make({ write: (line) => void written.push(line) }));
  return written.join("").split("\n").slice(0, -1);
}

function useAll(log: Log): void {
  log.debug("d");
  log.info("i");
  log.error("e");
}

function write(use: (log: Log) => void): string[] {
  return lines((stream) => createTextLog("debug", stream, noon, noColors), use);
}

describe("createJsonLog()", () => {
  it("writes one JSON object a line with level, ts, msg and the fields", () => {
    const [line] = lines(
      (stream) => createJsonLog("info", stream),
      (log) =>
        log.with({ component: "xds" }).warn("refused", { node: "edge-1", version: undefined, count: 2 }),
    );
    const record = JSON.parse(line!);
    assert.match(record.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    delete record.ts;
    assert.deepEqual(record, { level: "warn", component: "xds", node: "edge-1", count: 2, msg: "refused" });
  });

  it("masks secrets in the message and the fields (XDS-139)", () => {
    const [line] = lines(
      (stream) => createJsonLog("info", stream),
      (log) => log.info("password: abc", { error: "-----BEGIN PRIVATE KEY-----\nMII" }),
    );
    assert.doesNotMatch(line!, /abc|MII/);
  });

  it("writes nothing below its level, and nothing at all when off", () => {
    assert.equal(lines((stream) => createJsonLog("info", stream), useAll).length, 2);
    assert.equal(lines((stream) => createJsonLog("off", stream), useAll).length, 0);
  });
});

describe("createTextLog()", () => {
  it("writes time, level, message and fields, the component left out", () => {
    const [line] = write((log) =>
      log.with({ component: "xds" }).info("node refused", { node: "edge-1", error: "a b" }),
    );
    assert.equal(line, '12:00:05 info  node refused node=edge-1 error="a b"');
  });

  it("keeps one event on one line, whatever a peer sends", () => {
    assert.deepEqual(
      write((log) => log.warn("odd", { node: "a\n12:00:06 error forged\u001b[2J" })),
      ['12:00:05 warn  odd node="a\\n12:00:06 error forged\\u001b[2J"'],
    );
  });
});
