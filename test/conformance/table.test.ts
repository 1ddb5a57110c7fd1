import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

interface Row {
  readonly rule: number;
  readonly ours: string;
  readonly envoy: string;
  readonly theirs: string;
}

function rowsOf(page: string): readonly Row[] {
  const lines = page.matchAll(/^\| XDS-(\d+)\s*\|[^|]+\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm);
  return Array.from(lines, ([, rule, ours = "", envoy = "", theirs = ""]) => ({
    rule: Number(rule),
    ours: ours.trim(),
    envoy: envoy.trim(),
    theirs: theirs.trim(),
  }));
}

/** Rules in names of tests, and in rows of tables that tests are named after. */
function rulesNamed(source: string): readonly number[] {
  const names = [
    ...source.matchAll(/\b(?:it|describe)\(\s*(`[^`]*`|"[^"]*")/g),
    ...source.matchAll(/^\s*\[?("[^"]*XDS-\d+[^"]*")[:,]/gm),
  ].map(([, name = ""]) => name);
  return Array.from(names.join("\n").matchAll(/XDS-(\d+)/g), ([, rule]) => Number(rule));
}

function rulesTestedIn(folder: string): ReadonlySet<number> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const tests = files.filter((name) => name.endsWith(".test.ts"));
  return new Set(tests.flatMap((name) => rulesNamed(readFileSync(join(root, folder, name), "utf8"))));
}

describe("docs/conformance.md", () => {
  const page = readFileSync(join(root, "docs/conformance.md"), "utf8");
  const rows = rowsOf(page);
  const tested = rulesTestedIn("test");

  it("has each rule once, in order", () => {
    assert.deepEqual(
      rows.map(({ rule }) => rule),
      Array.from({ length: 148 }, (_, index) => index + 1),
    );
  });

  it("says of no rule that it is kept without a test whose name says it", () => {
    const untested = rows.filter(({ rule, ours }) => ours === "yes" && !tested.has(rule));
    assert.deepEqual(untested, []);
  });

  it("gives the reason for each rule that is not kept, and for no other", () => {
    const [, section = ""] = page.split("## Not kept\n");
    const reasons = Array.from(section.matchAll(/^- XDS-(\d+): /gm), ([, rule]) => Number(rule));
    assert.deepEqual(
      reasons,
      rows.filter(({ ours }) => ours === "no").map(({ rule }) => rule),
    );
  });

  it("says of no rule that it was seen in Envoy without a test with one", () => {
    const interop = rulesTestedIn("test/interop");
    const unseen = rows.filter(({ rule, envoy }) => envoy === "seen" && !interop.has(rule));
    assert.deepEqual(unseen, []);
  });

  it("uses the words that it explains", () => {
    for (const { ours, envoy, theirs } of rows) {
      assert.match(ours, /^(yes|no)$/);
      assert.match(envoy, /^(seen)?$/);
      assert.match(theirs, /^(yes|no|in part|left to its user)$/);
    }
  });
});

describe("the names of tests", () => {
  it("are found in calls and in tables, and comments are none", () => {
    const source =
      'it("XDS-1 a", f);\n  it(`XDS-2 ${x}`, f);\n  ["XDS-3 b", 1],\n  "XDS-4 c": 1,\n// XDS-5\nit(\n  "XDS-6",';
    assert.deepEqual(new Set(rulesNamed(source)), new Set([1, 2, 3, 4, 6]));
  });
});
