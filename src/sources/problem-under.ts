import { join } from "node:path";
import type { Problem } from "../base/problem.ts";

/** A problem of a file below a folder, under the name that the user knows it by: `config/edge.yaml` for `edge.yaml`. */
export function problemUnder(folder: string, problem: Problem): Problem {
  const { place } = problem;
  return place ? { ...problem, place: { ...place, file: join(folder, place.file) } } : problem;
}
