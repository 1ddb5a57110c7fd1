import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Layout } from "../../src/sources/scan-tree.ts";
import {
  type Affected,
  affectedBy,
  compareListing,
  type FolderEvent,
  isEndpointsOnly,
  isNothing,
  noChanges,
  pathOf,
  withAffected,
} from "../../src/sources/tree-changes.ts";

const layout: Layout = {
  root: "/c",
  identity: "1:1",
  hasLinks: false,
  folders: new Map([
    ["/c", { path: "", subfolders: new Set(["endpoints"]) }],
    ["/c/endpoints", { path: "endpoints", subfolders: new Set() }],
  ]),
};
const files = new Set(["clusters.yaml", "endpoints/a.yaml"]);

const tree: Affected = { kind: "tree" };
const nothing: Affected = { kind: "nothing" };
const file = (path: string): Affected => ({ kind: "file", path });
const changesOf = (...affected: readonly Affected[]) => affected.reduce(withAffected, noChanges);
const folder = (path: string): Affected => ({ kind: "folder", path });

describe("what is read again after an event", () => {
  const cases: readonly (readonly [what: string, event: FolderEvent, affected: Affected])[] = [
    ["a file that is known", { folder: "/c", name: "clusters.yaml" }, file("clusters.yaml")],
    ["a file further down", { folder: "/c/endpoints", name: "a.yaml" }, file("endpoints/a.yaml")],
    ["a file that is new", { folder: "/c/endpoints", name: "b.yaml" }, folder("endpoints")],
    ["what may be a new folder", { folder: "/c", name: "groups" }, folder("")],
    ["the copy of an editor", { folder: "/c", name: "clusters.yaml~" }, folder("")],
    ["a name with a dot first", { folder: "/c/endpoints", name: ".a.yaml.swp" }, nothing],
    ["the ..data of a ConfigMap, where no link leads to it", { folder: "/c", name: "..data" }, nothing],
    ["a folder that is known", { folder: "/c", name: "endpoints" }, tree],
    ["the root itself, which is moved or removed", { folder: "/c", name: "c" }, tree],
    ["a folder itself", { folder: "/c/endpoints", name: "endpoints" }, tree],
    ["a folder that is not known", { folder: "/elsewhere", name: "a.yaml" }, tree],
    ["nothing that the system has a name for", { folder: "/c/endpoints" }, tree],
  ];
  for (const [what, event, affected] of cases) {
    it(`about ${what}: ${affected.kind}`, () => {
      assert.deepEqual(
        affectedBy(event, layout, (path) => files.has(path)),
        affected,
      );
    });
  }

  it("is all of the tree for any event, when a link is in it", () => {
    for (const name of ["clusters.yaml", "..data", "new.yaml"]) {
      const event = { folder: "/c", name };
      assert.deepEqual(
        affectedBy(event, { ...layout, hasLinks: true }, (path) => files.has(path)),
        tree,
      );
    }
  });

  it("adds up, until it is all of the tree", () => {
    const some = [file("endpoints/a.yaml"), nothing, folder("endpoints"), file("endpoints/a.yaml")];
    const changes = some.reduce(withAffected, noChanges);
    assert.deepEqual(changes, {
      kind: "parts",
      files: new Set(["endpoints/a.yaml"]),
      folders: new Set(["endpoints"]),
    });
    const all = [tree, file("clusters.yaml")].reduce(withAffected, changes);
    assert.deepEqual(all, { kind: "tree" });
  });

  it("tells changes of endpoints alone from others", () => {
    assert.ok(isEndpointsOnly(changesOf(file("endpoints/a.yaml"), folder("groups/edge/endpoints"))));
    assert.ok(!isEndpointsOnly(changesOf(file("endpoints/a.yaml"), file("clusters.yaml"))));
    assert.ok(!isEndpointsOnly(changesOf(folder(""))));
    assert.ok(!isEndpointsOnly(changesOf(tree)));
    assert.ok(isNothing(changesOf(nothing)));
    assert.ok(!isNothing(changesOf(tree)));
  });

  it("knows an event by its path inside the tree", () => {
    assert.equal(pathOf({ folder: "/c", name: "a.yaml" }, layout), "a.yaml");
    assert.equal(pathOf({ folder: "/c/endpoints", name: "a.yaml" }, layout), "endpoints/a.yaml");
    assert.equal(pathOf({ folder: "/copy", name: "a.yaml" }, layout), "");
    assert.equal(pathOf({ folder: "/c" }, layout), "");
  });
});

describe("compareListing()", () => {
  type Kind = "file" | "folder" | "link" | "pipe";
  const entry = (name: string, kind: Kind = "file") => ({
    name,
    isFile: () => kind === "file",
    isDirectory: () => kind === "folder",
    isSymbolicLink: () => kind === "link",
  });
  const known = { files: new Set(["a.yaml", "b.yaml"]), subfolders: new Set(["sub"]) };
  const same = [entry("a.yaml"), entry("b.yaml"), entry("sub", "folder")];
  const cases: readonly (readonly [
    what: string,
    entries: readonly ReturnType<typeof entry>[],
    result: ReturnType<typeof compareListing>,
  ])[] = [
    ["nothing new", same, { added: [], removed: [] }],
    ["a file that came", [...same, entry("c.json")], { added: ["c.json"], removed: [] }],
    ["a file that went", same.slice(1), { added: [], removed: ["a.yaml"] }],
    ["what is no configuration", [...same, entry("a.yaml~"), entry("x.txt")], { added: [], removed: [] }],
    [
      "what begins with a dot",
      [...same, entry(".git", "folder"), entry(".l", "link")],
      { added: [], removed: [] },
    ],
    ["a folder that came", [...same, entry("new", "folder")], undefined],
    ["a folder that went", same.slice(0, 2), undefined],
    ["a folder in place of a file", [entry("a.yaml", "folder"), ...same.slice(1)], undefined],
    ["a link", [...same, entry("c", "link")], undefined],
    ["a link in place of a file", [entry("a.yaml", "link"), ...same.slice(1)], undefined],
    ["a pipe called like a file", [...same, entry("c.yaml", "pipe")], undefined],
  ];
  for (const [what, entries, result] of cases) {
    it(`finds ${what}${result ? "" : ", which asks for a look at the whole tree"}`, () => {
      assert.deepEqual(compareListing(entries, known), result);
    });
  }
});
