/** Every code of a problem that reading a text can give. Each has a section in docs/errors.md. */
export const sourceProblemCodes = [
  "yaml-syntax",
  "yaml-too-large",
  "yaml-too-deep",
  "yaml-duplicate-key",
  "yaml-bad-key",
  "yaml-merge-key",
  "yaml-tag",
  "yaml-unknown-alias",
  "yaml-alias-cycle",
  "yaml-alias-bomb",
  "unknown-field",
  "unknown-type",
  "missing-type",
  "type-mismatch",
  "wrong-kind",
  "bad-number",
  "out-of-range",
  "bad-bool",
  "bad-string",
  "bad-base64",
  "unknown-enum-value",
  "bad-duration",
  "bad-timestamp",
  "bad-field-mask",
  "bad-map-key",
  "empty-item",
  "oneof-conflict",
  "field-set-twice",
  "single-value-list",
  "nested-too-deep",
  "rule-violation",
] as const;

export type SourceProblemCode = (typeof sourceProblemCodes)[number];

/** Codes that only `chancery convert` gives, about files as a whole and input that is no text. */
export const convertProblemCodes = [
  "empty-input",
  "unreadable-file",
  "several-messages",
  "bad-wire-format",
  "unknown-field-number",
] as const;
