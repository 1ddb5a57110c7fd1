/**
 * A position in a text that a person wrote. `line` and `column` count from 1; `column` counts UTF-16 code
 * units, as editors do.
 */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** How bad a problem is: with an `error` nothing is served. */
export type Severity = "error" | "warning" | "info";

/**
 * Something that a person has to know about their configuration. Problems are values, collected and shown all
 * at once; nothing in the pipeline throws for bad input.
 */
export interface Problem {
  /** Stable kebab-case code; every code has a section in docs/errors.md or docs/lints.md. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence without a trailing full stop that names the thing and both values: `expected V1 or V2, found "v3"`. */
  readonly message: string;
  /** Absent only when the problem has no place in a text (a missing folder, a peer's message). */
  readonly place?: Place;
  /** Path inside the resource with Envoy's field names: `clusters[2].transport_socket.typed_config.config.version`. */
  readonly path?: string;
  /** The nearest valid name, when one is near: shown as `did you mean V2?`. */
  readonly suggestion?: string;
  /** Other places that belong to the story, such as the first definition of a duplicate. */
  readonly related?: readonly { readonly place: Place; readonly message: string }[];
}

/** `fleet/edge.yaml:14:9`, the form that editors and CI systems turn into a link. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** One line: place, path, message and suggestion, in that order, leaving out what is absent. */
export function formatProblem(problem: Problem): string {
  const parts = [];
  if (problem.place) parts.push(formatPlace(problem.place));
  if (problem.path) parts.push(problem.path);
  const where = parts.join(" ");
  const hint = problem.suggestion ? `; did you mean ${problem.suggestion}?` : "";
  return `${where ? `${where}: ` : ""}${problem.message}${hint}`;
}

/** True when at least one problem is an error: the input must not be served. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}
