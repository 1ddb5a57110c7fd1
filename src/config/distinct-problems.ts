import { formatProblem, type Problem } from "../base/problem.ts";

/** Problems that read the same, once: what is wrong with a shared file is found in every group. */
export function distinctProblems(problems: readonly Problem[]): Problem[] {
  return [
    ...new Map(problems.map((problem) => [`${problem.code} ${formatProblem(problem)}`, problem])).values(),
  ];
}
