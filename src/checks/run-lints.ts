import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import type { Ignore } from "../config/ignores.ts";
import { isExempt, type LintExemption } from "../config/lint-exemptions.ts";
import type { Lint, LintView } from "./lint.ts";
import { placeIn, problemAt } from "./problem-at.ts";

/** What the lints find in a group, but for what chancery.yaml silences; `used` takes in what that was. */
export function runLints(
  view: LintView,
  lints: readonly Lint[],
  exemptions: readonly LintExemption[] = [],
  used: Set<LintExemption> = new Set(),
): Problem[] {
  return lints.flatMap((lint) =>
    [...lint.check(view)].flatMap(({ resource, path, message }) => {
      const mine = exemptions.filter((each) => isExempt(each, lint.code, view.group.name, resource));
      for (const exemption of mine) used.add(exemption);
      if (mine.length > 0) return [];
      return [
        problemAt(placeIn(resource, path), { code: lint.code, severity: lint.severity, path, message }),
      ];
    }),
  );
}

/** Warnings for exemptions that silenced nothing, or name a lint that does not exist. */
export function staleExemptions(
  exemptions: readonly LintExemption[],
  used: ReadonlySet<LintExemption>,
  lints: readonly Lint[],
): Problem[] {
  const codes = new Set(lints.map(({ code }) => code));
  return exemptions.flatMap((exemption) => {
    const { code, place } = exemption;
    if (used.has(exemption)) return [];
    if (!codes.has(code)) return [unknown({ place }, code, codes)];
    const message = `nothing to silence: ${code} is not found in any of these resources`;
    return [{ code: "unused-ignore", severity: "warning", message, place } satisfies Problem];
  });
}

/**
 * Leaves out what a comment silences. A comment that silences nothing, or names a lint that does not exist, is a
 * warning itself, so that no comment outlives its reason.
 */
export function silence(
  findings: readonly Problem[],
  ignores: readonly Ignore[],
  lints: readonly Lint[],
): Problem[] {
  if (ignores.length === 0) return [...findings];
  const codes = new Set(lints.map(({ code }) => code));
  const ignored = new Set(
    ignores.flatMap(({ place, line, codes: silenced }) =>
      silenced.map((code) => lineKey(place.file, line, code)),
    ),
  );
  const silenced = new Set<string>();
  const left = findings.filter(({ place, code }) => {
    const key = place && lineKey(place.file, place.line, code);
    if (key === undefined || !ignored.has(key)) return true;
    silenced.add(key);
    return false;
  });
  const stale = ignores.flatMap((ignore): Problem[] => {
    if (ignore.codes.length === 0) {
      const message = "expected the code of a lint after chancery:ignore, found none";
      return [{ code: "unknown-lint", severity: "warning", message, place: ignore.place }];
    }
    return ignore.codes
      .filter((code) => !silenced.has(lineKey(ignore.place.file, ignore.line, code)))
      .map((code) => (codes.has(code) ? unused(ignore, code) : unknown(ignore, code, codes)));
  });
  return [...left, ...stale];
}

function lineKey(file: string, line: number, code: string): string {
  return `${file}\0${line}\0${code}`;
}

function unused({ place, line }: Ignore, code: string): Problem {
  const message = `nothing to silence: ${code} is not found at line ${line}`;
  return { code: "unused-ignore", severity: "warning", message, place };
}

function unknown({ place }: Pick<Ignore, "place">, code: string, codes: ReadonlySet<string>): Problem {
  const suggestion = nearest(code, codes);
  const message = `there is no lint ${JSON.stringify(code)}`;
  return {
    code: "unknown-lint",
    severity: "warning",
    message,
    place,
    ...(suggestion ? { suggestion } : {}),
  };
}
