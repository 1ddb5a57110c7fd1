import { mutate, randomOf } from "./mutate.ts";
import type { FuzzTarget } from "./targets.ts";

/** An input that broke a target. */
export interface Finding {
  readonly target: string;
  readonly iteration: number;
  readonly input: Buffer;
  readonly reason: string;
}

/** The input of an iteration, and where it may be cut. */
export function inputOf(target: FuzzTarget, seed: number, iteration: number): readonly [Buffer, number] {
  const random = randomOf(seed, iteration);
  const input = mutate(target.seeds, random);
  return [input, random(input.length + 1)];
}

/** Throws mutated seeds at a target, iterations `from` to `to` without it; the first that breaks it ends the run. */
export function runTarget(target: FuzzTarget, seed: number, from: number, to: number): Finding | undefined {
  for (let iteration = from; iteration < to; iteration += 1) {
    const [input, cut] = inputOf(target, seed, iteration);
    try {
      target.run(input, cut);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { target: target.name, iteration, input, reason };
    }
  }
  return undefined;
}
