import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatProblem } from "../../../src/base/problem.ts";
import type { SourceNode } from "../../../src/schema/source-node.ts";
import { type ParseYamlOptions, parseYaml } from "../../../src/schema/yaml/parse-yaml.ts";
import { sourceValue } from "./source-value.ts";

function parse(text: string, options?: ParseYamlOptions) {
  const { documents, problems } = parseYaml({ name: "f.yaml", text }, options);
  return {
    documents: documents.map(sourceValue),
    problems: problems.map(formatProblem),
    codes: problems.map(({ code }) => code),
  };
}

describe("parseYaml()", () => {
  it("reads one tree per document and leaves empty documents out", () => {
    const { documents, problems } = parse("a: 1\n---\n# nothing\n---\n- b\n...\n---\nc: {d: [x, 'y']}\n");
    assert.deepStrictEqual(documents, [{ a: "~1" }, ["~b"], { c: { d: ["~x", "y"] } }]);
    assert.deepStrictEqual(problems, []);
  });

  it("keeps the documents around one that does not parse, and points at each error", () => {
    const { documents, problems } = parse("a: 1\n---\nb: [1,\n...\n%YAML 1.2\n---\nc: x\n d: y\n---\ne: 2\n");
    assert.deepStrictEqual(documents, [{ a: "~1" }, { e: "~2" }]);
    assert.match(problems.join("\n"), /^f\.yaml:4:1: .*\nf\.yaml:8:3: expected the next key; /);
  });

  it("shares the node of an anchor between its aliases", () => {
    const { documents } = parseYaml({ name: "f.yaml", text: "a: &x {b: 1}\nc: *x\nd: *x\n" });
    const [root] = documents;
    assert.ok(root?.kind === "mapping");
    assert.strictEqual(root.entries[1]?.value, root.entries[0]?.value);
    assert.strictEqual(root.entries[2]?.value, root.entries[0]?.value);
  });

  it("leaves entries out whose key is tagged !ignore, and keeps their anchors, as Envoy does", () => {
    assert.deepStrictEqual(parse("!ignore parts:\n- &a {b: 1}\nc: *a\n"), {
      documents: [{ c: { b: "~1" } }],
      problems: [],
      codes: [],
    });
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ["an alias inside its own anchor", "a: &a\n  b: *a\n", "f.yaml:2:6: *a stands inside its own anchor"],
    ["an alias without an anchor", "a: *b\n", "f.yaml:1:4: there is no anchor &b before this alias"],
    [
      "the merge key",
      "x: &x {a: 1}\ny:\n  <<: *x\n",
      "f.yaml:3:3: the merge key << is not part of YAML 1.2; Envoy refuses it too",
    ],
    [
      "a tag that is not a core tag",
      "a: !ruby/object x\n",
      "f.yaml:1:4: the tag !ruby/object is not one of YAML's core tags",
    ],
    ["a mapping as a key", "? {a: 1}\n: b\n", "f.yaml:1:3: a key must be a scalar, found a mapping"],
    ["a tab as indentation", "a:\n\tb: 1\n", "f.yaml:2:1: tab characters must not be used in indentation"],
    [
      "an unclosed quote",
      'a: "x\nb: 1\n',
      'f.yaml:2:1: expected this line to be indented more, or a "[", "{" or quote that is open here to be closed before',
    ],
  ];
  for (const [name, text, problem] of refused) {
    it(`refuses ${name}`, () => {
      const { documents, problems } = parse(text);
      assert.deepStrictEqual(documents, []);
      assert.deepStrictEqual(problems, [problem]);
    });
  }

  it("warns of a key that occurs twice and shows both places; strict makes it an error", () => {
    const file = { name: "f.yaml", text: "a: 1\nb: 2\na: 3\n" };
    const [problem] = parseYaml(file).problems;
    assert.deepStrictEqual(problem, {
      code: "yaml-duplicate-key",
      severity: "warning",
      message: "the key a is in this mapping twice; the last one counts",
      place: { file: "f.yaml", line: 3, column: 1 },
      related: [{ place: { file: "f.yaml", line: 1, column: 1 }, message: "first here" }],
    });
    assert.equal(parseYaml(file, { isStrict: true }).problems[0]?.severity, "error");
  });

  it("accepts core tags", () => {
    assert.deepStrictEqual(
      parse("a: !!str 1\nb: ! x\nc: !!map {}\nd: !<tag:yaml.org,2002:seq> []\n").problems,
      [],
    );
  });

  it("refuses a text over the limit without reading it", () => {
    const { documents, problems } = parse("a: 123456\n", { limits: { maxLength: 9 } });
    assert.deepStrictEqual(documents, []);
    assert.deepStrictEqual(problems, ["f.yaml:1:1: the file is 10 characters long, the limit is 9"]);
  });

  it("refuses collections nested too deep, written out or through aliases", () => {
    assert.deepStrictEqual(parse("[".repeat(200) + "]".repeat(200)).codes, ["yaml-too-deep"]);
    const chain = Array.from({ length: 200 }, (_, index) => `- &n${index + 1} [*n${index}]`).join("\n");
    assert.ok(parse(`- &n0 []\n${chain}\n`).codes.includes("yaml-too-deep"));
    assert.deepStrictEqual(parse("[".repeat(100) + "]".repeat(100)).codes, []);
  });

  it("refuses a text that may hold too many values without reading it, and counts no hyphen", () => {
    const limits = { maxSeparators: 6 };
    for (const text of ["[1,1,1,1,1,1,1]", "- - - - - - - a", "a: [{b: 1, c: 2}]\n", "a:\n\n\n\n\n\n"]) {
      const { documents, problems } = parse(text, { limits });
      assert.equal(documents.length, 0);
      assert.match(problems.join(), /^f\.yaml:1:1: the file has up to 7 values, the limit is 6;/);
    }
    assert.deepStrictEqual(parse("key-a: a-b-c-d-e-f-g-h-i", { limits }).problems, []);
  });

  it("refuses a billion laughs at the alias that goes over the limit", () => {
    const laughs = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"];
    for (let level = 1; level < 10; level += 1) {
      const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
      laughs.push(`a${level}: &a${level} [${aliases}]`);
    }
    const { documents, problems } = parse(laughs.join("\n"));
    assert.deepStrictEqual(documents, []);
    assert.equal(problems.length, 1);
    assert.match(
      problems[0] ?? "",
      /^f\.yaml:\d+:\d+: up to \*a\d the aliases of this document stand for more than 1000000 nodes$/,
    );
  });

  const json: readonly (readonly [string, unknown])[] = [
    ['"\\/ \\u00e9 \\ud83d\\ude00 \\b\\f\\n\\r\\t \\"\\\\"', '/ é \u{1f600} \b\f\n\r\t "\\'],
    ["123456789012345678901234567890", "~123456789012345678901234567890"],
    ["-1.5E+10", "~-1.5E+10"],
    ["[ ]", []],
    ['{"a":\t{"b" :[null,true]}\r\n}', { a: { b: ["~null", "~true"] } }],
    [`{"${"k".repeat(5000)}":1}`, { ["k".repeat(5000)]: "~1" }],
    ['{"":"\u007f\u0085\u2028"}', { "": "\u007f\u0085\u2028" }],
    ['{"a: b":"# c","- d":"\'"}', { "a: b": "# c", "- d": "'" }],
    ['{"<<":1,"a":"*b"}', { "<<": "~1", a: "*b" }],
  ];
  for (const [text, value] of json) {
    it(`reads the JSON text ${text.slice(0, 40)}`, () => {
      assert.deepStrictEqual(parse(text), { documents: [value], problems: [], codes: [] });
    });
  }

  it("reads whatever JSON.stringify writes", () => {
    const plain = (value: unknown): unknown => {
      if (typeof value === "string") return value;
      if (Array.isArray(value)) return value.map(plain);
      if (typeof value === "object" && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
      }
      return `~${JSON.stringify(value)}`;
    };
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const { documents, problems } = parse(JSON.stringify(value, null, indent));
        assert.deepStrictEqual(problems, []);
        assert.deepStrictEqual(documents, [plain(value)]);
      }),
      { numRuns: 500 },
    );
  });

  it("gives every node the offsets of its text", () => {
    const text = 'a: "x"\nb: [1, {c: d} ] # ]\ne:\nf: {g: [ ], }\n';
    const spans: string[] = [];
    const walk = (node: SourceNode): void => {
      spans.push(text.slice(node.start, node.end));
      if (node.kind === "sequence") node.items.forEach(walk);
      if (node.kind === "mapping") for (const entry of node.entries) walk(entry.value);
    };
    for (const document of parseYaml({ name: "f.yaml", text }).documents) walk(document);
    assert.deepStrictEqual(spans, [
      text.trimEnd(),
      '"x"',
      "[1, {c: d} ]",
      "1",
      "{c: d}",
      "d",
      "",
      "{g: [ ], }",
      "[ ]",
    ]);
  });
});
