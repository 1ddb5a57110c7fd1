import { parseEvents, YAMLException } from "js-yaml";
import type { Problem } from "../../base/problem.ts";
import type { SourceFile, SourceNode } from "../source-node.ts";
import { composeDocuments } from "./compose.ts";
import { defaultYamlLimits, type YamlLimits } from "./limits.ts";
import { placeOf } from "./place.ts";
import { splitDocuments } from "./split-documents.ts";

export interface ParseYamlOptions {
  /** Each limit that is left out has its default. */
  readonly limits?: Partial<YamlLimits>;
  /** Makes a key that occurs twice in one mapping an error; default false: a warning, as Envoy takes the last. */
  readonly isStrict?: boolean;
}

export interface ParsedYaml {
  /** One tree per document that could be read; an empty document has none. */
  readonly documents: readonly SourceNode[];
  readonly problems: readonly Problem[];
}

/**
 * Reads YAML 1.2 or JSON text into one tree per document. A document that cannot be read becomes a problem at its
 * place, and the others are still returned.
 */
export function parseYaml(file: SourceFile, options: ParseYamlOptions = {}): ParsedYaml {
  const limits = { ...defaultYamlLimits, ...options.limits };
  const isStrict = options.isStrict ?? false;
  if (file.text.length > limits.maxLength) return { documents: [], problems: [tooLarge(file, limits)] };
  const found = countSeparators(file.text);
  if (found > limits.maxSeparators) return { documents: [], problems: [tooDense(file, found, limits)] };
  const whole = parsePart(file, 0, file.text.length, limits, isStrict);
  if (whole.isRead) return whole;
  // The parser gives nothing once it has met an error, so each document gets a parser of its own.
  const parts = splitDocuments(file.text).map(([start, end]) =>
    parsePart(file, start, end, limits, isStrict),
  );
  return {
    documents: parts.flatMap((part) => part.documents),
    problems: parts.flatMap((part) => part.problems),
  };
}

function parsePart(
  file: SourceFile,
  start: number,
  end: number,
  limits: YamlLimits,
  isStrict: boolean,
): ParsedYaml & { readonly isRead: boolean } {
  const text = file.text.slice(start, end);
  try {
    const events = parseEvents(text, { maxDepth: limits.maxDepth });
    return { ...composeDocuments({ file, text, base: start, events, limits, isStrict }), isRead: true };
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    return { documents: [], problems: [syntaxProblem(file, start, cause, limits)], isRead: false };
  }
}

function syntaxProblem(file: SourceFile, base: number, cause: YAMLException, limits: YamlLimits): Problem {
  const place = placeOf(file, base + (cause.mark?.position ?? 0));
  if (cause.reason.startsWith("nesting exceeded")) {
    const message = `collections are nested more than ${limits.maxDepth} deep`;
    return { code: "yaml-too-deep", severity: "error", message, place };
  }
  return {
    code: "yaml-syntax",
    severity: "error",
    message: syntaxWords[cause.reason] ?? cause.reason,
    place,
  };
}

/** What the parser's words mean to a person, where they say too little. */
const syntaxWords: Readonly<Record<string, string>> = {
  "deficient indentation":
    'expected this line to be indented more, or a "[", "{" or quote that is open here to be closed before',
  "bad indentation of a mapping entry":
    "expected the next key; this is indented otherwise than the keys before it, or a text that needs quotes",
  "end of the stream or a document separator is expected":
    "expected the end of the document; this is indented otherwise than what came before it",
};

/** How many places of the text can begin or end a node, those within scalars included. */
function countSeparators(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (separators.has(code) || (code === dash && text.charCodeAt(index + 1) === space)) count += 1;
  }
  return count;
}

const separators = new Set(Buffer.from("\n\r,:[{"));
const dash = "-".charCodeAt(0);
const space = " ".charCodeAt(0);

function tooDense(file: SourceFile, found: number, limits: YamlLimits): Problem {
  const message = `the file has up to ${found} values, the limit is ${limits.maxSeparators}; split it into several files`;
  return { code: "yaml-too-large", severity: "error", message, place: placeOf(file, 0) };
}

function tooLarge(file: SourceFile, limits: YamlLimits): Problem {
  const message = `the file is ${file.text.length} characters long, the limit is ${limits.maxLength}`;
  return { code: "yaml-too-large", severity: "error", message, place: placeOf(file, 0) };
}
