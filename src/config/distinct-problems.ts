import { formatProblem, type Problem } from "../base/problem.ts";

/** More problems than anybody reads; a file can be made to have a million. */
const mostProblems = 1000;

/**
 * Problems that read the same, once: what is wrong with a shared file is found in every group. Of more than 1,000 the
 * first errors are kept, then the first warnings, and a last problem counts the rest.
 */
export function distinctProblems(problems: readonly Problem[]): Problem[] {
  const distinct = [
    ...new Map(problems.map((problem) => [`${problem.code} ${formatProblem(problem)}`, problem])).values(),
  ];
  if (distinct.length <= mostProblems) return distinct;
  const errors = distinct.filter(({ severity }) => severity === "error");
  const others = distinct.filter(({ severity }) => severity !== "error");
  return [
    ...[...errors, ...others].slice(0, mostProblems),
    {
      code: "more-problems",
      severity: errors.length > 0 ? "error" : "warning",
      message: `${distinct.length - mostProblems} more problems are not shown`,
    },
  ];
}
