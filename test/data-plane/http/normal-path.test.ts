import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergedSlashes, normalPath, unescapedSlashes } from "../../../data-plane/http/normal-path.ts";

type Row = readonly [what: string, path: string, expected: string | undefined];

function table(act: (path: string) => string | undefined, rows: readonly Row[]): void {
  for (const [what, path, expected] of rows) it(`${what}: ${path}`, () => assert.equal(act(path), expected));
}

describe("normalPath()", () => {
  table(normalPath, [
    ["leaves a path that is normal", "/a.b/c-d_e~f/x.html?y=/../z", "/a.b/c-d_e~f/x.html?y=/../z"],
    ["takes away the segment of one dot", "/a/./b/.", "/a/b/"],
    ["goes up at two dots", "/a/b/../c/..", "/a/"],
    ["stays at the root", "/../../a", "/a"],
    ["takes escaped dots for dots", "/a/%2e%2E/.%2e/b", "/b"],
    ["goes up from an empty segment to the one around it", "/a//../b", "/a/b"],
    ["leaves names that begin with dots", "/..a/.../.b", "/..a/.../.b"],
    ["turns backslashes", "/a\\..\\b", "/b"],
    ["unescapes unreserved characters only", "/%61%2D%2f%3a", "/a-%2f%3a"],
    ["escapes what may not stand in a path", '/"<>^`{|}', "/%22%3C%3E%5E%60%7B%7C%7D"],
    ["leaves a percent sign that escapes nothing", "/%/%2/%zz", "/%/%2/%zz"],
    ["has none for an escaped NUL", "/%00", undefined],
    ["has none past ASCII", "/\xe9", undefined],
    ["leaves the empty path of CONNECT", "", ""],
  ]);

  it("gives what is normal: doing it twice changes nothing", () => {
    for (const path of ["/a/%2e%2e/b", "/a\\b", "/..%2f../a", "/{}/%41"]) {
      const once = normalPath(path);
      assert.ok(once !== undefined);
      assert.equal(normalPath(once), once);
    }
  });
});

describe("mergedSlashes()", () => {
  table(mergedSlashes, [
    ["leaves single ones", "/a/b/", "/a/b/"],
    ["makes one of several", "//a///b//?c//d", "/a/b/?c//d"],
    ["leaves two where there is nothing else, as Envoy", "////", "//"],
    ["leaves the query", "/a?b//c", "/a?b//c"],
  ]);
});

describe("unescapedSlashes()", () => {
  table(unescapedSlashes, [
    ["unescapes both kinds in either case", "/a%2Fb%2fc%5Cd%5ce", "/a/b/c\\d\\e"],
    ["leaves other escapes and the query", "/a%20?b%2fc", "/a%20?b%2fc"],
    ["unescapes once only", "/%252f", "/%252f"],
  ]);
});
