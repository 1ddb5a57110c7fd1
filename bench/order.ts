import { renameUnderLoad } from "../test/interop/rename-under-load.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";

const renames = 200;
const rate = 2000;

const scenarios = [
  { name: `sotw ${renames} renames at ${rate} requests a second`, apiType: "GRPC" },
  { name: `delta ${renames} renames at ${rate} requests a second`, apiType: "DELTA_GRPC" },
] as const;

const contestants = [
  { name: "chancery", isOrdered: true },
  { name: "naive order", isOrdered: false },
] as const;

/** Not one request may fail with our order, while some do without it. */
export const orderMarks: readonly Mark[] = scenarios.map(({ name }) => ({
  scenario: name,
  metric: "failed requests",
  ours: "chancery",
  theirs: "naive order",
  bound: { atMost: 0 },
}));

/**
 * Renames the cluster behind a route of a real Envoy under load, with make-before-break gated by ACKs and, on the same
 * server, without it.
 */
export async function runOrder(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name: scenario, apiType } of scenarios) {
    for (const { name: contestant, isOrdered } of contestants) {
      const results = [];
      for (let round = 1; round <= rounds; round += 1) {
        log(`${scenario}: ${contestant}, round ${round} of ${rounds}`);
        const result = await renameUnderLoad({
          apiType,
          isOrdered,
          count: renames,
          rate,
          requestsBetween: 50,
        });
        const answers = [...result.answers].map(([status, count]) => `${count} x ${status}`).join(", ");
        log(`  ${answers} in ${Math.round(result.tookMs)} ms`);
        results.push(result);
      }
      const figure = (metric: string, unit: string, values: readonly number[], value = median(values)) =>
        figures.push({ scenario, contestant, metric, unit, value, rounds: values });
      const failed = results.map((result) => result.failed);
      // One round that lost something must not hide behind two that did not.
      figure("failed requests", "count", failed, isOrdered ? Math.max(...failed) : median(failed));
      figure(
        "requests",
        "count",
        results.map(({ sent }) => sent),
      );
      figure(
        "requests a second",
        "1/s",
        results.map(({ sent, tookMs }) => (sent * 1000) / tookMs),
      );
      figure(
        "time a rename",
        "ms",
        results.map(({ tookMs }) => tookMs / renames),
      );
    }
  }
  return figures;
}
