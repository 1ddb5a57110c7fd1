import { sceneOf } from "./bootstrap.ts";
import type { Vector } from "./vectors.ts";

/** A part of Envoy that the bundled data plane does not have, so that it refuses every bootstrap with it. */
export interface MissingPart {
  readonly name: string;
  /** What a bootstrap with it contains, and a refusal names. */
  readonly mark: string;
}

export const missingParts: readonly MissingPart[] = [
  { name: "active health checks", mark: "health_checks" },
  { name: "original_src", mark: "OriginalSrc" },
  { name: "TLS towards the upstream", mark: "UpstreamTlsContext" },
];

/** The first part that a vector needs and the bundled data plane lacks. */
export function missingPartOf(vector: Vector): MissingPart | undefined {
  const scene = sceneOf(vector);
  return missingParts.find(({ mark }) => scene.includes(mark));
}
