import type { Sample, SoakResult } from "./soak.ts";

/** How much of the memory's level in the middle its level at the end may be. */
const flatWithin = 1.1;
/** Upstream connections that wait for the next request are no leak, but there are no more of them than this. */
const idleDescriptors = 140;

/**
 * What is wrong with a soak; empty when nothing is. Memory is to be flat behind the first third: a heap takes its time to find its
 * size.
 */
export function faultsOf({ good, samples, descriptors }: SoakResult): string[] {
  const faults: string[] = [];
  if (good.failed > 0) faults.push(`${good.failed} of ${good.sent} good requests were lost`);
  const later = samples.slice(Math.trunc(samples.length / 3));
  const half = Math.trunc(later.length / 2);
  const growth = level(later.slice(half)) / level(later.slice(0, half));
  if (growth > flatWithin)
    faults.push(`memory grew by ${Math.round((growth - 1) * 100)} % in the last two thirds`);
  const [before, after] = descriptors;
  if (after > before + idleDescriptors) faults.push(`${before} descriptors before, ${after} after`);
  return faults;
}

/** The median, which a collection that is due does not move. */
function level(samples: readonly Sample[]): number {
  const sorted = samples.map(({ residentMiB }) => residentMiB).toSorted((a, b) => a - b);
  return sorted[Math.trunc(sorted.length / 2)] ?? Number.NaN;
}
