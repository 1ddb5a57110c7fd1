import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatTable } from "../../src/cli/table.ts";

describe("formatTable()", () => {
  it("aligns columns to the left, pads none at the end, and shows empty cells as -", () => {
    assert.equal(
      formatTable(
        ["NODE", "CDS", "NOTE"],
        [
          ["edge-1", "SYNCED", ""],
          ["e", "", "refused"],
        ],
      ),
      "NODE    CDS     NOTE\nedge-1  SYNCED  -\ne       -       refused\n",
    );
  });
  it("does not count colours as width", () => {
    const lines = formatTable(
      ["A", "B"],
      [
        ["\u001b[31mred\u001b[39m", "x"],
        ["plain", "y"],
      ],
    ).split("\n");
    assert.equal(lines[1], "\u001b[31mred\u001b[39m    x");
    assert.equal(lines[2], "plain  y");
  });
});
