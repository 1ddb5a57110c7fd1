import { readFileSync } from "node:fs";
import { repositoryPath } from "../docs/code-blocks.ts";

/** A difference from Envoy that is meant: a row of docs/parity.md. */
export interface Purposeful {
  readonly id: string;
  /** `area / scene / case`, `*` for anything; behind `@` paths in the outcome: `tcp / relay / * @ counters.*`. */
  readonly where: string;
  readonly reason: string;
}

/** What docs/parity.md says. */
export interface ParityPage {
  readonly purposeful: readonly Purposeful[];
  /** True for a counter or gauge that scenes do not compare in the end. */
  isLeftOut(name: string): boolean;
}

export function readParityPage(): ParityPage {
  const page = readFileSync(repositoryPath("docs/parity.md"), "utf8");
  const leftOut = [...page.matchAll(/^\| ((?:`[a-z0-9_.*-]+` ?)+) *\| [^`|][^|]* \|$/gm)].flatMap(
    ([, names = ""]) =>
      names
        .trim()
        .split(" ")
        .map((name) => glob(name.replaceAll("`", ""))),
  );
  return { purposeful: readPurposeful(page), isLeftOut: (name) => leftOut.some((one) => one.test(name)) };
}

/** The rows of the page's table of differences: id, where, reason. */
function readPurposeful(page: string): readonly Purposeful[] {
  const rows = page.matchAll(/^\| `([a-z0-9-]+)` *\| ((?:`[^`]+` *)+)\| (.+?) *\|$/gm);
  return [...rows].flatMap(([, id = "", places = "", reason = ""]) =>
    [...places.matchAll(/`([^`]+)`/g)].map(([, where = ""]) => ({ id, where, reason })),
  );
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
