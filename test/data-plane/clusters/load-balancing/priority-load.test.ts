import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterHost } from "../../../../data-plane/clusters/cluster-host.ts";
import {
  choosePriority,
  priorityLoad,
} from "../../../../data-plane/clusters/load-balancing/priority-load.ts";
import { host, hostsOfHealth, setsOf } from "../host-kit.ts";

/** Healthy, degraded, unhealthy and excluded hosts of each priority. */
type Level = readonly [number, number?, number?, number?];

const load = (levels: readonly Level[], panicPercent = 50, factor = 140) => {
  const hosts = levels.flatMap((level, priority) => hostsOfHealth(priority, ...level));
  return priorityLoad(setsOf(hosts, factor), panicPercent);
};

describe("priorityLoad() without panic", () => {
  // Envoy's documented table: share of healthy hosts in two priorities, load of each.
  const documented: readonly (readonly [number, number, number, number])[] = [
    [100, 100, 100, 0],
    [72, 72, 100, 0],
    [71, 71, 99, 1],
    [50, 50, 70, 30],
    [25, 100, 35, 65],
    [25, 25, 50, 50],
  ];
  for (const [p0, p1, load0, load1] of documented) {
    it(`${p0} % and ${p1} % healthy take ${load0} % and ${load1} %`, () => {
      const found = load(
        [
          [p0, 0, 100 - p0],
          [p1, 0, 100 - p1],
        ],
        0,
      );
      assert.deepEqual(found.healthy, [load0, load1]);
    });
  }

  it("goes by the overprovisioning factor", () => {
    assert.deepEqual(
      load(
        [
          [5, 0, 5],
          [10, 0, 0],
        ],
        0,
        100,
      ).healthy,
      [50, 50],
    );
  });

  it("sends degraded hosts only what healthy ones of all priorities cannot take", () => {
    assert.deepEqual(
      load([
        [2, 8],
        [2, 0, 8],
      ]),
      { healthy: [28, 28], degraded: [44, 0], isInPanic: [false, false] },
    );
    assert.deepEqual(load([[0, 10]]), { healthy: [0], degraded: [100], isInPanic: [false] });
  });

  it("gives what rounding leaves to the first priority that can take any", () => {
    // 10, 20 and 10 percent healthy, 20, 10 and 0 degraded: Envoy's own example.
    const found = load(
      [
        [10, 20, 70],
        [20, 10, 70],
        [10, 0, 90],
      ],
      0,
      100,
    );
    assert.deepEqual(
      [found.healthy, found.degraded],
      [
        [16, 28, 14],
        [28, 14, 0],
      ],
    );
  });

  it("leaves excluded hosts out of the count", () => {
    assert.deepEqual(load([[1, 0, 0, 9], [5]]).healthy, [100, 0]);
  });

  it("counts by weight where the assignment asks for it", () => {
    const hosts: readonly ClusterHost[] = [
      host("a", { weight: 9 }),
      host("b", { edsHealth: "unhealthy" }),
      host("c", { priority: 1 }),
    ];
    const sets = setsOf(hosts, 100);
    assert.deepEqual(priorityLoad(sets, 50).healthy, [50, 50]);
    const weighed = sets.map((set) => ({ ...set, weighsPriorityHealth: true }));
    assert.deepEqual(priorityLoad(weighed, 50).healthy, [90, 10]);
  });
});

describe("priorityLoad() in panic", () => {
  it("puts a priority in panic when too few are fit and the others cannot take it all", () => {
    // 1 of 10 (14 %) and 6 of 10 (84 %): 98 % together.
    assert.deepEqual(
      load([
        [1, 0, 9],
        [6, 0, 4],
      ]),
      { healthy: [15, 85], degraded: [0, 0], isInPanic: [true, false] },
    );
  });

  it("does not panic as long as the priorities together take everything", () => {
    assert.deepEqual(
      load([
        [0, 0, 10],
        [10, 0, 0],
      ]),
      { healthy: [0, 100], degraded: [0, 0], isInPanic: [false, false] },
    );
  });

  it("spreads by the number of hosts when all panic", () => {
    assert.deepEqual(
      load([
        [0, 0, 2],
        [0, 0, 4],
      ]),
      { healthy: [34, 66], degraded: [0, 0], isInPanic: [true, true] },
    );
  });

  it("is switched off by a threshold of 0: nobody is fit, nobody is used", () => {
    assert.deepEqual(
      load(
        [
          [0, 0, 2],
          [0, 0, 4],
        ],
        0,
      ),
      { healthy: [100, 0], degraded: [0, 0], isInPanic: [false, false] },
    );
  });

  it("counts degraded hosts as fit", () => {
    assert.deepEqual(load([[1, 4, 5]]).isInPanic, [false]);
    assert.deepEqual(load([[0, 4, 6]]).isInPanic, [true]);
  });

  it("has nobody to choose in an empty cluster", () => {
    assert.deepEqual(load([]), { healthy: [100], degraded: [0], isInPanic: [true] });
  });
});

describe("choosePriority()", () => {
  const shares = { healthy: [10, 20], degraded: [30, 40], isInPanic: [false, false] };
  const rows = [
    [0, 0, "healthy"],
    [9, 0, "healthy"],
    [10, 1, "healthy"],
    [29, 1, "healthy"],
    [30, 0, "degraded"],
    [60, 1, "degraded"],
    [99, 1, "degraded"],
  ] as const;
  for (const [percent, priority, availability] of rows) {
    it(`${percent} is the ${availability} part of priority ${priority}`, () =>
      assert.deepEqual(choosePriority(percent, shares), { priority, availability }));
  }
});
