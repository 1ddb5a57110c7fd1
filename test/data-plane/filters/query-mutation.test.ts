import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../../src/base/problem.ts";
import { changeQuery, parseQueryMutations } from "../../../data-plane/filters/query-mutation.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";

const end = { family: "IPv4", address: "127.0.0.1", port: 1 } as const;
const formatSource = { connection: new ConnectionInfo(1, end, end), hostname: "edge" };

const record = (key: string, value: string) => ({ key, value: { string_value: value } });

describe("query parameter mutations", () => {
  it("write the query in Envoy's form", () => {
    const problems: Problem[] = [];
    const changes = parseQueryMutations(
      [{ append: { record: record("b", "x y") } }, { remove: "gone" }],
      "q",
      problems,
    );
    assert.deepEqual(problems, []);
    const rows = [
      ["/p", "/p?b=x%20y"],
      ["/p?", "/p?b=x%20y"],
      ["/p?c=%41&b=1&gone=1&gone=2&", "/p?b=1&b=x%20y&c=A"],
    ] as const;
    for (const [path, changed] of rows) assert.equal(changeQuery(path, changes, formatSource), changed);
  });

  it("leave no question mark behind the last parameter that is removed", () => {
    const changes = parseQueryMutations([{ remove: "a" }], "q", []);
    assert.equal(changeQuery("/p?a=1", changes, formatSource), "/p");
  });

  it("refuse values that are no text, by name", () => {
    const problems: Problem[] = [];
    parseQueryMutations([{ append: { record: { key: "a", value: { number_value: 1 } } } }], "q", problems);
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["q[0].append.record.value"],
    );
  });
});
