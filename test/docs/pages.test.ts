import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { foreign, parse } from "../kit/commands.ts";
import { repositoryPath } from "./code-blocks.ts";
import { allPages, textOf } from "./pages.ts";

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** Links of a page that lead nowhere, headings included. */
function deadLinks(page: string): readonly string[] {
  const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  return links.flatMap(([link, path = "", anchor]) => {
    const target = path === "" ? page : join(dirname(page), path);
    const isThere = existsSync(repositoryPath(target));
    return isThere && (anchor === undefined || anchorsOf(target).includes(anchor)) ? [] : [link];
  });
}

/** What a page's shell blocks say behind `chancery`, less what is the shell's. */
function commandLines(page: string): readonly string[] {
  const blocks = [...textOf(page).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text!);
  const lines = blocks
    .join("\n")
    .replaceAll(/\\\n */g, "")
    .split("\n");
  return lines.flatMap((line) => {
    const [, words] = /(?:^|; |npx )chancery (.*)$/.exec(line) ?? [];
    return words === undefined ? [] : [words.split(/ +(?:#|\||>|<)/)[0]!.trimEnd()];
  });
}

/** The npm scripts that a page runs, benchmarks as `bench -- NAME`. */
function scriptsOf(page: string): readonly string[] {
  const used = textOf(page).matchAll(/\bnpm run (bench -- [\w-]+|[\w:]+)|\bnpm (test|start)\b/g);
  return Array.from(used, ([, run, short]) => run ?? short!);
}

const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  textOf("package.json"),
);
const benchmarks = Array.from(
  textOf("bench/main.ts").matchAll(/^ {2}"?([\w-]+)"?: \{ needs: /gm),
  ([, name]) => `bench -- ${name}`,
);
const runnable = new Set([...Object.keys(scripts), ...benchmarks]);

for (const page of allPages()) {
  describe(page, () => {
    it("runs only npm scripts and benchmarks that there are", () =>
      assert.deepEqual(
        scriptsOf(page).filter((name) => !runnable.has(name)),
        [],
      ));

    it("links only to what there is, headings included", () => assert.deepEqual(deadLinks(page), []));

    for (const line of commandLines(page)) {
      const [command = ""] = line.split(" ");
      if (foreign.some(({ name }) => name === command)) continue;
      it(`shows a line that parses: chancery ${line}`, async () => {
        const { ran, code, stderr } = await parse(line);
        assert.equal(code, 0, stderr);
        assert.deepEqual(ran, [command]);
      });
    }
  });
}

describe("the pages", () => {
  it("show command lines and scripts", () => {
    assert.ok(allPages().flatMap(commandLines).length > 30);
    assert.ok(allPages().flatMap(scriptsOf).length > 20);
  });
});
