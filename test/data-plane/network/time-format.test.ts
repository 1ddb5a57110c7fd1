import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTimeFormat } from "../../../data-plane/network/format/time-format.ts";

/** 2026-11-03T07:05:09.120Z, a Tuesday. */
const moment = Date.UTC(2026, 10, 3, 7, 5, 9, 120);

describe("parseTimeFormat()", () => {
  const rows: readonly (readonly [format: string, text: string])[] = [
    ["", "2026-11-03T07:05:09.120Z"],
    ["%s|%s.%3f|%6f|%f", "1793689509|1793689509.120|120000|120000000"],
    ["%Y-%m-%d %H:%M:%S", "2026-11-03 07:05:09"],
    ["%a %A %b %B %e %j %I %p", "Tue Tuesday Nov November  3 307 07 AM"],
    ["%E3S %E*S %E1S %E3f %E*f", "09.120 09.12 09.1 120 12"],
    ["%z %Ez %Z %%", "+0000 +00:00 UTC %"],
    ["%D %F %R %T %u %w %y", "11/03/26 2026-11-03 07:05 07:05:09 2 2 26"],
  ];
  for (const [format, text] of rows) {
    it(`${format || "the default"} writes ${text}`, () => {
      const parsed = parseTimeFormat(format, false);
      assert.ok(typeof parsed === "function");
      assert.equal(parsed(moment), text);
    });
  }

  it("names a specifier that is not known", () => {
    assert.deepEqual(parseTimeFormat("%Q", false), {
      reason: "%Q of a time format is not known to the bundled data plane",
    });
  });
});
