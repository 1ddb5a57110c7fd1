import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exactDecimal } from "../../../data-plane/stats/exact-decimal.ts";
import { countUpTo, Histogram, quantile, sumOf } from "../../../data-plane/stats/histogram.ts";
import { histogramText } from "../../../data-plane/stats/histogram-text.ts";

function histogramOf(...values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function binsText(...values: readonly number[]): string {
  return histogramOf(...values)
    .cumulative()
    .map(({ left, width, count }) => `${left},${width}:${count}`)
    .join(" ");
}

describe("Histogram", () => {
  it("keeps two digits of a value", () => {
    assert.equal(binsText(0, 1, 9.9, 10, 99, 100, 109), "0,0:1 1,0.1:1 9,0.1:1 10,1:1 99,1:1 100,10:2");
    assert.equal(binsText(1299, 1_000_000, 1_099_999), "1200,100:1 1000000,100000:2");
  });

  it("takes what is no number of 0 or more for 0", () => {
    assert.equal(binsText(-5, Number.NaN, 0.4), "0,0:3");
  });

  it("tells the interval that is over beside the whole", () => {
    const histogram = histogramOf(5);
    assert.equal(histogram.isUsed, true);
    assert.deepEqual([histogram.interval().length, histogram.cumulative().length], [0, 1]);
    histogram.flush();
    assert.deepEqual([histogram.interval().length, histogram.cumulative().length], [1, 1]);
    histogram.record(7);
    histogram.flush();
    assert.deepEqual(
      [histogram.interval(), histogram.cumulative()],
      [
        [{ left: 7, width: 0.1, count: 1 }],
        [
          { left: 5, width: 0.1, count: 1 },
          { left: 7, width: 0.1, count: 1 },
        ],
      ],
    );
  });
});

/** What Envoy 1.40 made of the same values. */
describe("Quantiles, buckets and sums as Envoy's", () => {
  it("has values of a bin lie evenly in it", () => {
    const bins = histogramOf(0, 0, 1, 300, 301, 303, 305, 306, 309, 1200).cumulative();
    const found = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 1].map((fraction) => quantile(bins, fraction));
    assert.deepEqual(
      found,
      [0, 1.05, 302.85714285714283, 307.14285714285717, 308.57142857142856, 1250, 1250],
    );
    assert.equal(quantile([], 0.5), undefined);
  });

  it("counts a bin that begins at the bound", () => {
    const bins = histogramOf(2, 5, 120, 300).cumulative();
    assert.deepEqual(
      [1, 5, 250, 500].map((bound) => countUpTo(bins, bound)),
      [0, 2, 3, 4],
    );
  });

  it("sums the middles of bins, in all the digits that a number has", () => {
    const sum = sumOf(histogramOf(2, 5, 120, 300).cumulative());
    assert.equal(exactDecimal(sum), "436.81631822518517083153710700572");
    assert.deepEqual([0, 1, 0.5, 2 ** 70, 1 / 3].map(exactDecimal), [
      "0",
      "1",
      "0.5",
      "1180591620717411303424",
      "0.33333333333333331482961625624739",
    ]);
  });

  it("writes the lines of /stats", () => {
    const histogram = histogramOf(2, 5, 120, 300);
    histogram.flush();
    assert.equal(
      histogramText({ name: "h", histogram }, "detailed"),
      "h:\n  totals=2,0.1:1, 5,0.1:1, 120,10:1, 300,10:1\n  intervals=2,0.1:1, 5,0.1:1, 120,10:1, 300,10:1\n" +
        "  summary=P0(2.05,2.05) P25(2.05,2.05) P50(5.05,5.05) P75(125,125) P90(305,305) P95(305,305) P99(305,305) " +
        "P99.5(305,305) P99.9(305,305) P100(305,305)",
    );
    assert.match(histogramText({ name: "h", histogram }, "disjoint"), /B250\(1,1\).*B1.8e\+06\(0,0\)/);
    assert.equal(
      histogramText({ name: "h", histogram: new Histogram() }, "summary"),
      "h: No recorded values",
    );
  });
});
