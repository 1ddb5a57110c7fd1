import type { PickerOf } from "./picker.ts";

/** RANDOM: any host, whatever its weight. `random` gives numbers in [0, 1). */
export function randomChoice(random: () => number): PickerOf {
  return (hosts) => () => hosts[Math.floor(random() * hosts.length)];
}
