/** Every code of a problem that the data plane itself gives, beside those of the schema. Each has a section in docs/errors.md. */
export const dataPlaneProblemCodes = [
  "unsupported-field",
  "invalid-resource",
  "no-effect",
  "deprecated-field",
  "host-not-ready",
  "unusable-extension",
] as const;

export type DataPlaneProblemCode = (typeof dataPlaneProblemCodes)[number] | "rule-violation";
