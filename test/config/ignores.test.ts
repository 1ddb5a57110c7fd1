import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findIgnores } from "../../src/config/ignores.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";

/** `line: codes` of each silencing comment. */
function found(text: string): string[] {
  const file = { name: "a.yaml", text };
  const { documents } = parseYaml(file);
  return findIgnores(file, documents).map(({ line, codes }) => `${line}: ${codes.join(" ")}`);
}

describe("findIgnores()", () => {
  const rows: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    "a comment at the end of its line": ["a: 1\nb: 2 # chancery:ignore x-y for a reason\n", ["2: x-y"]],
    "a comment above its line": ["a: 1\n# chancery:ignore x\nb: 2\n", ["3: x"]],
    "comments above their line, one over the other": [
      "# chancery:ignore x\n# chancery:ignore y why\nb: 2\n",
      ["3: x", "3: y"],
    ],
    "several codes": ["a: 1 #chancery:ignore x,y because\n", ["1: x y"]],
    "no code": ["a: 1 # chancery:ignore\n", ["1: "]],
    "no comment inside a quoted string": ['a: "1 # chancery:ignore x"\n', []],
    "no comment inside a block of text": ["a: |\n  b\n  # chancery:ignore x\n  c\nd: 1\n", []],
    "no comment without a space before it": ["a: b# chancery:ignore x\n", []],
    "no longer word": ["a: 1 # chancery:ignored x\n", []],
    "a comment in a second document": ["a: 1\n---\nb: 2 # chancery:ignore x\n", ["3: x"]],
    "a comment with Windows line ends": ["a: 1 # chancery:ignore x\r\nb: 2\r\n", ["1: x"]],
  };
  for (const [name, [text, expected]] of Object.entries(rows)) {
    it(`finds ${name}`, () => assert.deepEqual(found(text), expected));
  }
});
