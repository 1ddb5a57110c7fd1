import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.resolve("#root/package.json"))));

/** DESIGN's table: a folder and the folders of ours that it may import. A longer path wins over a shorter. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "src/base": [],
  "src/schema": ["src/base"],
  "src/config": ["src/base", "src/schema"],
  "src/checks": ["src/base", "src/schema", "src/config"],
  "src/snapshot": ["src/base", "src/schema", "src/config"],
  "src/xds": ["src/base", "src/snapshot"],
  "src/fleet": ["src/base", "src/snapshot", "src/xds"],
  "src/rollout": ["src/base", "src/config", "src/snapshot", "src/fleet"],
  "src/sources": ["src/base", "src/config"],
  "src/server": [
    "src/base",
    "src/schema",
    "src/config",
    "src/checks",
    "src/snapshot",
    "src/xds",
    "src/fleet",
    "src/rollout",
    "src/sources",
  ],
  "src/cli": [
    "src/base",
    "src/schema",
    "src/config",
    "src/checks",
    "src/snapshot",
    "src/xds",
    "src/fleet",
    "src/rollout",
    "src/sources",
    "src/server",
  ],
  "data-plane/proxy-protocol": ["src/base"],
  "data-plane/xds-client": ["src/base", "src/schema"],
  "data-plane/stats": ["src/base"],
  "data-plane/network": ["src/base", "data-plane/proxy-protocol"],
  "data-plane/http-codec": ["src/base", "data-plane/network"],
  "data-plane/http2": ["src/base", "data-plane/stats", "data-plane/network"],
  "data-plane/resources": [
    "src/base",
    "src/schema",
    "data-plane/proxy-protocol",
    "data-plane/stats",
    "data-plane/network",
    "data-plane/http-codec",
    "data-plane/http2",
  ],
};

/** The composition roots may import anything, and nobody imports them. */
const roots = new Set(["src/main.ts", "src/index.ts", "data-plane/main.ts", "data-plane/extension.ts"]);

/** The proxy's own folders may use everything of `data-plane` that stands before them, and base and schema. */
const proxyFolders = [
  "data-plane/proxy-protocol",
  "data-plane/xds-client",
  "data-plane/stats",
  "data-plane/network",
  "data-plane/http-codec",
  "data-plane/http2",
  "data-plane/resources",
  "data-plane/tls",
  "data-plane/bootstrap",
  "data-plane/access-logs",
  "data-plane/transport-sockets",
  "data-plane/health",
  "data-plane/clusters",
  "data-plane/tcp",
  "data-plane/http",
  "data-plane/filters",
  "data-plane/listeners",
  "data-plane/admin",
  "data-plane/proxy",
  "data-plane/workers",
];

function isAllowed(from: string, to: string): boolean {
  if (roots.has(from)) return true;
  if (roots.has(to)) return false;
  const folder = dirname(from);
  const ruled = Object.keys(mayImport).find((name) => folder === name || folder.startsWith(`${name}/`));
  const target = dirname(to);
  const isUnder = (name: string) => target === name || target.startsWith(`${name}/`);
  if (ruled) return isUnder(ruled) || mayImport[ruled]!.some(isUnder);
  const index = proxyFolders.findIndex((name) => folder === name || folder.startsWith(`${name}/`));
  if (index < 0) return false;
  return ["src/base", "src/schema", ...proxyFolders.slice(0, index + 1)].some(isUnder);
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
}

function sourceFiles(): string[] {
  return ["src", "data-plane"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name}`)
      .filter((name) => name.endsWith(".ts") && !name.startsWith("src/schema/generated/")),
  );
}

describe("the import rules of the layout", () => {
  it("hold for every file, type-only imports included", () => {
    const broken = sourceFiles().flatMap((file) =>
      importsOf(file)
        .filter((target) => !isAllowed(file, target))
        .map((target) => `${file} may not import ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it("refuse what they are there to refuse", () => {
    assert.equal(isAllowed("src/base/clock.ts", "src/schema/message.ts"), false);
    assert.equal(isAllowed("src/xds/session.ts", "src/config/resource.ts"), false);
    assert.equal(isAllowed("src/cli/serve.ts", "data-plane/main.ts"), false);
    assert.equal(isAllowed("data-plane/listeners/listener.ts", "src/config/resource.ts"), false);
    assert.equal(isAllowed("data-plane/clusters/cluster.ts", "data-plane/listeners/listener.ts"), false);
  });
});

describe("docs/architecture.md", () => {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

  it("has the table of src", () => {
    const rows = Array.from(page.matchAll(/^\| `(src\/\w+)` \|[^|]*\| ([^|]*) \|$/gm), ([, folder, may]) => {
      return [folder!, may!] as const;
    });
    const told = rows.map(([folder, may], index) => {
      if (may === "nothing of ours") return [folder, []];
      if (may === "all above") return [folder, rows.slice(0, index).map(([above]) => above)];
      return [folder, may.split(", ").map((name) => `src/${name}`)];
    });
    const ruled = Object.entries(mayImport).filter(([folder]) => folder.startsWith("src/"));
    assert.deepEqual(told, ruled);
  });

  it("has the folders of data-plane in their order", () => {
    const section = page.slice(page.indexOf("The folders of `data-plane`"), page.indexOf("## The life of"));
    const rows = Array.from(section.matchAll(/^\| (`[^|]*) \|/gm), ([, names]) => names!);
    const folders = rows.join(", ").replaceAll("`", "").split(", ");
    assert.deepEqual(
      folders.map((name) => `data-plane/${name}`),
      proxyFolders,
    );
  });
});
