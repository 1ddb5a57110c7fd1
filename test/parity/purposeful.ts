import { readFileSync } from "node:fs";
import { repositoryPath } from "../docs/code-blocks.ts";

/** A difference from Envoy that is meant: a row of docs/parity.md. */
export interface Purposeful {
  readonly id: string;
  /** `area / scene / case`, `*` for anything; behind `@` paths in the outcome: `tcp / relay / * @ counters.*`. */
  readonly where: string;
  readonly reason: string;
}

/** The rows of the page's table of differences: id, where, reason. */
export function readPurposeful(): readonly Purposeful[] {
  const page = readFileSync(repositoryPath("docs/parity.md"), "utf8");
  const rows = page.matchAll(/^\| `([a-z0-9-]+)` *\| `([^`]+)` *\| (.+?) *\|$/gm);
  return [...rows].map(([, id = "", where = "", reason = ""]) => ({ id, where, reason }));
}

/** True when the row is about this place. */
export function concerns({ where }: Purposeful, title: string, path: string): boolean {
  const [cases = "", paths = "*"] = where.split(" @ ");
  return glob(cases).test(title) && paths.split(" ").some((one) => glob(one).test(path));
}

function glob(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .split("*")
      .map((text) => text.replaceAll(/[.[\]()+?^$|\\{}]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );
}
