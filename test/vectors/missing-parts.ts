import { sceneOf } from "./bootstrap.ts";
import type { Vector } from "./vectors.ts";

/** A part of Envoy that the bundled data plane does not have, so that it refuses every bootstrap with it. */
export interface MissingPart {
  readonly name: string;
  /** What a bootstrap with it contains. */
  readonly mark: string;
  /** What a refusal names; `mark` unless given. */
  readonly refusal?: string;
}

export const missingParts: readonly MissingPart[] = [
  { name: "the mark of original_src", mark: '"mark":', refusal: "SO_MARK" },
];

/** The first part that a vector needs and the bundled data plane lacks. */
export function missingPartOf(vector: Vector): MissingPart | undefined {
  const scene = sceneOf(vector);
  return missingParts.find(({ mark }) => scene.includes(mark));
}

/** True for a vector that plays only where the host lets a process connect from addresses of others (PP-75 to PP-80). */
export function needsForeignSources(vector: Vector): boolean {
  return sceneOf(vector).includes("OriginalSrc");
}
