import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { createLog, type LogRecord } from "../../../src/base/log.ts";
import { openTokens } from "../../../src/server/auth/served-tokens.ts";
import { parseTokens, TokenFileError, tokenNameOf } from "../../../src/server/auth/tokens.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { until } from "../../kit/within.ts";

const [a, b] = ["a".repeat(16), "b".repeat(32)];

describe("parseTokens() and tokenNameOf()", () => {
  const tokens = parseTokens(`# who\n\nedge ${a}\r\n  ${b}  \nedge ${b}2\n`, "tokens");

  it("give the name of a token, several tokens a name, and `default` to one without", () => {
    assert.equal(tokenNameOf(tokens, `Bearer ${a}`), "edge");
    assert.equal(tokenNameOf(tokens, `bearer  ${b}2`), "edge");
    assert.equal(tokenNameOf(tokens, `Bearer ${b}`), "default");
  });

  for (const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${a}`,
    a,
    `Bearer ${a} x`,
    `Bearer ${a}a`,
  ]) {
    it(`give nothing for ${JSON.stringify(header)}`, () => {
      assert.equal(tokenNameOf(tokens, header), undefined);
    });
  }

  it("hold no token in the clear", () => {
    assert.ok(!JSON.stringify(tokens).includes(a));
  });

  const mistakes: readonly [string, RegExp][] = [
    ["", /^f has no token$/],
    ["# only this\n", /^f has no token$/],
    ["edge short\n", /^f:1: the token has 5 characters, 16 are the least/],
    [`\nedge ${a} more`, /^f:2: expected NAME TOKEN, or a token alone$/],
  ];
  for (const [text, message] of mistakes) {
    it(`refuse ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseTokens(text, "f"),
        (error) =>
          error instanceof TokenFileError && message.test(error.message) && !error.message.includes(a),
      );
    });
  }
});

describe("openTokens()", () => {
  it("takes up a changed file, and keeps what it has while the file is of no use", async () => {
    using folder = temporaryFolder();
    const path = folder.put("tokens", `edge ${a}`);
    const records: LogRecord[] = [];
    const log = createLog("info", (record) => records.push(record));
    const logged = (message: string) =>
      until(10_000, message, () => records.find((record) => record.message === message));
    const tokens = await openTokens(path, { read: (file) => readFile(file), clock: systemClock, log });
    const stop = new AbortController();
    const following = tokens.follow(stop.signal);
    folder.put("tokens", "edge short");
    await logged("tokens cannot be reloaded; those in use stay");
    assert.equal(tokens.nameOf(`Bearer ${a}`), "edge");
    folder.put("tokens", `edge ${b}`);
    await logged("tokens are reloaded");
    assert.deepEqual([tokens.nameOf(`Bearer ${a}`), tokens.nameOf(`Bearer ${b}`)], [undefined, "edge"]);
    assert.ok(!JSON.stringify(records).includes(b));
    stop.abort();
    await following;
  });

  it("rejects when the file is not there", async () => {
    const options = {
      read: (file: string) => readFile(file),
      clock: systemClock,
      log: createLog("off", () => {}),
    };
    await assert.rejects(
      openTokens("/nowhere/tokens", options),
      /^TokenFileError: .*cannot be read: ENOENT$/,
    );
  });
});
