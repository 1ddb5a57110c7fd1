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
  readonly grpc: string;
  readonly theirs: string;
}

function rowsOf(page: string): readonly Row[] {
  const lines = page.matchAll(/^\| XDS-(\d+)\s*\|[^|]+\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm);
  return Array.from(lines, ([, rule, ours = "", envoy = "", grpc = "", theirs = ""]) => ({
    rule: Number(rule),
    ours: ours.trim(),
    envoy: envoy.trim(),
    grpc: grpc.trim(),
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

function sourcesOfTests(folder: string): readonly string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const tests = files.filter((name) => name.endsWith(".test.ts"));
  return tests.map((name) => readFileSync(join(root, folder, name), "utf8"));
}

/** True for a test that asks for a real Envoy, by itself or with both data planes. */
function hasEnvoy(source: string): boolean {
  return /needs\([^)]*"envoy"|\bdataPlanes\b/.test(source);
}

/** What the page says and the tests do not, or the other way round. */
function untrue(
  rows: readonly Row[],
  tested: ReadonlySet<number>,
  seen: ReadonlySet<number>,
  byGrpc: ReadonlySet<number>,
): readonly string[] {
  return rows.flatMap(({ rule, ours, envoy, grpc }) => [
    ...(ours === "yes" && !tested.has(rule) ? [`XDS-${rule} is kept, and no test says so`] : []),
    ...(ours === "no" && tested.has(rule) ? [`XDS-${rule} is not kept, and a test says it is`] : []),
    ...(envoy === "seen" && !seen.has(rule) ? [`XDS-${rule} was seen in Envoy by no test`] : []),
    ...(envoy === "" && seen.has(rule) ? [`XDS-${rule} was seen in Envoy by a test`] : []),
    ...((grpc === "seen") !== byGrpc.has(rule)
      ? [`XDS-${rule} was seen in gRPC by ${byGrpc.has(rule) ? "a" : "no"} test`]
      : []),
  ]);
}

describe("docs/conformance.md", () => {
  const page = readFileSync(join(root, "docs/conformance.md"), "utf8");
  const rows = rowsOf(page);

  it("has each rule once, in order", () => {
    assert.deepEqual(
      rows.map(({ rule }) => rule),
      Array.from({ length: 148 }, (_, index) => index + 1),
    );
  });

  it("says what the names of tests say: which rules are kept, and which were seen in Envoy and gRPC", () => {
    const tested = new Set(sourcesOfTests("test").flatMap(rulesNamed));
    const withPeers = [...sourcesOfTests("test/interop"), ...sourcesOfTests("test/e2e")];
    const seen = new Set(withPeers.filter(hasEnvoy).flatMap(rulesNamed));
    const grpc = readFileSync(join(root, "test/interop/grpc-js-xds.test.ts"), "utf8");
    assert.deepEqual(untrue(rows, tested, seen, new Set(rulesNamed(grpc))), []);
  });

  it("gives the reason for each rule that is not kept, and for no other", () => {
    const [, section = ""] = page.split("## Not kept\n");
    const reasons = Array.from(section.matchAll(/^- XDS-(\d+): /gm), ([, rule]) => Number(rule));
    assert.deepEqual(
      reasons,
      rows.filter(({ ours }) => ours === "no").map(({ rule }) => rule),
    );
  });

  it("uses the words that it explains", () => {
    for (const { ours, envoy, grpc, theirs } of rows) {
      assert.match(ours, /^(yes|no)$/);
      assert.match(envoy, /^(seen)?$/);
      assert.match(grpc, /^(seen)?$/);
      assert.match(theirs, /^(yes|no|in part|left to its user)$/);
    }
  });
});

const row = (ours: string, envoy: string, grpc = ""): readonly Row[] => [
  { rule: 999, ours, envoy, grpc, theirs: "no" },
];

describe("a row of the table", () => {
  const rows = [
    ["a rule that is kept needs a test", row("yes", ""), [], [], "XDS-999 is kept, and no test says so"],
    [
      "a no does not outlive its test",
      row("no", ""),
      [999],
      [],
      "XDS-999 is not kept, and a test says it is",
    ],
    ["seen needs a test with Envoy", row("yes", "seen"), [999], [], "XDS-999 was seen in Envoy by no test"],
    ["what Envoy showed is told", row("yes", ""), [999], [999], "XDS-999 was seen in Envoy by a test"],
    ["so it is with gRPC", row("yes", "", "seen"), [999], [], "XDS-999 was seen in gRPC by no test"],
  ] as const;
  for (const [name, page, tested, seen, complaint] of rows) {
    it(name, () => assert.deepEqual(untrue(page, new Set(tested), new Set(seen), new Set()), [complaint]));
  }
});

describe("the names of tests", () => {
  it("are found in calls and in tables, and comments are none", () => {
    const source =
      'it("XDS-1 a", f);\n  it(`XDS-2 ${x}`, f);\n  ["XDS-3 b", 1],\n  "XDS-4 c": 1,\n// XDS-5\nit(\n  "XDS-6",';
    assert.deepEqual(new Set(rulesNamed(source)), new Set([1, 2, 3, 4, 6]));
  });
});
