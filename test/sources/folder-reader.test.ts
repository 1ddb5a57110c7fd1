import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { defaultSourceLimits } from "../../src/sources/reading.ts";
import { contentOf, WatchedTree } from "./watched-tree.ts";

const before = { "a.yaml": "a", "endpoints/e.yaml": "e", "groups/edge/b.yaml": "b" };

describe("FolderReader", () => {
  const cases: readonly (readonly [what: string, whole: boolean, act: (tree: WatchedTree) => void])[] = [
    ["a file that is written in place", false, (tree) => tree.write("a.yaml", "2")],
    [
      "a file that is replaced by another one",
      false,
      (tree) => {
        tree.write(".aside", "2");
        renameSync(tree.path(".aside"), tree.path("groups/edge/b.yaml"));
      },
    ],
    [
      "a file that an editor replaces and keeps a copy of",
      false,
      (tree) => {
        renameSync(tree.path("a.yaml"), tree.path("a.yaml~"));
        tree.write("a.yaml", "2");
      },
    ],
    ["a file of endpoints", false, (tree) => tree.write("endpoints/e.yaml", "2")],
    ["a file that comes", false, (tree) => tree.write("endpoints/new.yaml", "new")],
    ["a file that goes", false, (tree) => unlinkSync(tree.path("groups/edge/b.yaml"))],
    [
      "a file that moves from one folder to another",
      false,
      (tree) => renameSync(tree.path("a.yaml"), tree.path("groups/edge/a.yaml")),
    ],
    [
      "a file that goes and comes again",
      false,
      (tree) => {
        unlinkSync(tree.path("a.yaml"));
        tree.write("a.yaml", "again");
      },
    ],
    ["what is no configuration", false, (tree) => tree.write("notes.txt", "x")],
    ["a file that nothing is written to", false, (tree) => tree.write("a.yaml", "a")],
    ["a folder that comes with a file", true, (tree) => tree.write("groups/core/c.yaml", "c")],
    ["a folder that goes", true, (tree) => rmSync(tree.path("groups"), { recursive: true })],
    ["a folder that is called otherwise", true, (tree) => renameSync(tree.path("groups"), tree.path("g"))],
    [
      "a folder that another one takes the place of",
      true,
      (tree) => {
        tree.write("other/b.yaml", "other");
        renameSync(tree.path("groups/edge"), tree.path("old"));
        renameSync(tree.path("other"), tree.path("groups/edge"));
      },
    ],
    ["a link that comes", true, (tree) => symlinkSync("a.yaml", tree.path("l.yaml"))],
    [
      "a link in place of a file",
      true,
      (tree) => {
        unlinkSync(tree.path("a.yaml"));
        symlinkSync("groups/edge/b.yaml", tree.path("a.yaml"));
      },
    ],
    [
      "a folder in place of a file",
      true,
      (tree) => {
        unlinkSync(tree.path("a.yaml"));
        mkdirSync(tree.path("a.yaml"));
      },
    ],
    ["bytes that are no UTF-8", true, (tree) => tree.write("a.yaml", Buffer.from([0xff]))],
    [
      "the root, which another one takes the place of",
      true,
      (tree) => {
        renameSync(tree.root, `${tree.root}-old`);
        tree.write("a.yaml", "other");
      },
    ],
  ];
  for (const [what, whole, act] of cases) {
    it(`reads ${whole ? "the whole tree" : "that alone"} after a change of ${what}`, async () => {
      await using tree = new WatchedTree(before);
      await tree.read();
      act(tree);
      const reading = await tree.read();
      assert.equal(tree.looks > 0, whole);
      assert.deepEqual(contentOf(reading), contentOf(await tree.readAnew()));
    });
  }

  it("says so when the root goes, and reads it when it has come back", async () => {
    await using tree = new WatchedTree(before);
    await tree.read();
    rmSync(tree.root, { recursive: true });
    const gone = await tree.read();
    assert.ok(gone.kind === "failed");
    assert.deepEqual(
      gone.problems.map(({ code }) => code),
      ["folder-missing"],
    );
    tree.write("a.yaml", "back");
    assert.deepEqual(contentOf(await tree.read()), ["a.yaml: back"]);
  });

  it("gives files that were not read again as the same objects", async () => {
    await using tree = new WatchedTree(before);
    const first = await tree.read();
    tree.write("a.yaml", "2");
    const second = await tree.read();
    assert.ok(first.kind === "tree" && second.kind === "tree");
    const isKept = second.files.map((file, index) => file === first.files[index]);
    assert.deepEqual(isKept, [false, true, true]);
  });

  it("follows a folder that was removed and made anew, whose number the system may have given again", async () => {
    await using tree = new WatchedTree(before);
    await tree.read();
    for (const version of ["2", "3", "4"]) {
      rmSync(tree.path("endpoints"), { recursive: true });
      tree.write("endpoints/e.yaml", `made ${version}`);
      await tree.read();
      tree.write("endpoints/e.yaml", `written ${version}`);
      assert.deepEqual(contentOf(await tree.read()), contentOf(await tree.readAnew()));
    }
  });

  it("says that there is nothing to read when nothing happened", async () => {
    await using tree = new WatchedTree(before);
    const first = await tree.read();
    tree.write("endpoints/.e.yaml.swp", "half");
    assert.equal(await tree.read(), first);
    assert.equal(tree.looks, 0);
  });

  it("tells changes of endpoints as urgent, and others as not", async () => {
    await using tree = new WatchedTree(before);
    await tree.read();
    tree.write("endpoints/e.yaml", "2");
    tree.write("endpoints/f.yaml", "new");
    await tree.heard();
    assert.deepEqual([...new Set(tree.urgencies)], [true]);
    await tree.read();
    tree.write("a.yaml", "2");
    await tree.heard();
    assert.deepEqual([...new Set(tree.urgencies)], [false]);
  });

  it("follows a ConfigMap, whose files are links, from turn to turn of its ..data link", async () => {
    await using tree = new WatchedTree({});
    const publish = (version: string) => {
      tree.write(`..${version}/a.yaml`, `a${version}`);
      symlinkSync(`..${version}`, tree.path("..data_tmp"));
      renameSync(tree.path("..data_tmp"), tree.path("..data"));
    };
    publish("1");
    symlinkSync("..data/a.yaml", tree.path("a.yaml"));
    await tree.read();
    for (const version of ["2", "3"]) {
      publish(version);
      assert.deepEqual(contentOf(await tree.read()), [`a.yaml: a${version}`]);
    }
    // What a link leads to may be written as well.
    tree.write("..3/a.yaml", "in place");
    assert.deepEqual(contentOf(await tree.read()), ["a.yaml: in place"]);
  });

  it("refuses what grows over a limit, and takes it when it is below again", async () => {
    await using tree = new WatchedTree(before, {
      ...defaultSourceLimits,
      fileBytes: 10,
      totalBytes: 20,
      files: 4,
    });
    await tree.read();
    const grow = [
      () => tree.write("a.yaml", "x".repeat(11)),
      () => {
        tree.write("a.yaml", "x".repeat(10));
        tree.write("endpoints/e.yaml", "x".repeat(10));
      },
      () => {
        for (const name of ["a.yaml", "new.yaml", "endpoints/e.yaml", "endpoints/f.yaml"])
          tree.write(name, "");
      },
    ];
    const codes: (string | undefined)[] = [];
    for (const act of grow) {
      act();
      const reading = await tree.read();
      codes.push(reading.kind === "failed" ? reading.problems[0]?.code : undefined);
    }
    assert.deepEqual(codes, ["file-too-large", "tree-too-large", "too-many-files"]);
    unlinkSync(tree.path("new.yaml"));
    assert.deepEqual(contentOf(await tree.read()), contentOf(await tree.readAnew()));
  });
});

/** Something that people and programs do to a tree. Numbers pick one of what there is. */
type Edit = readonly [kind: (typeof kinds)[number], pick: number, text: string];

const kinds = [
  "write",
  "replace",
  "add",
  "remove",
  "mkdir",
  "move",
  "rmdir",
  "link",
  "retarget",
  "junk",
] as const;
const names = ["a.yaml", "b.json", "z.yml", "x.yaml~", ".hidden.yaml", "notes.txt"];

function entriesOf(root: string): {
  readonly files: string[];
  readonly folders: string[];
  readonly links: string[];
} {
  const all = readdirSync(root, { recursive: true, withFileTypes: true });
  const pathOf = ({ parentPath, name }: (typeof all)[number]) =>
    join(parentPath, name).slice(root.length + 1);
  return {
    files: all.filter((entry) => entry.isFile()).map(pathOf),
    folders: all.filter((entry) => entry.isDirectory()).map(pathOf),
    links: all.filter((entry) => entry.isSymbolicLink()).map(pathOf),
  };
}

function perform(tree: WatchedTree, [kind, pick, text]: Edit): void {
  const { files, folders, links } = entriesOf(tree.root);
  const one = (list: readonly string[]) => list[pick % list.length];
  const folder = one(["", ...folders])!;
  const file = one(files);
  const name = join(folder, names[pick % names.length]!);
  const isFree = (path: string) => statSync(tree.path(path), { throwIfNoEntry: false }) === undefined;
  switch (kind) {
    case "write":
      if (file !== undefined) tree.write(file, text);
      return;
    case "replace":
      if (file === undefined) return;
      tree.write(".aside", text);
      return renameSync(tree.path(".aside"), tree.path(file));
    case "add":
      if (isFree(name)) tree.write(name, text);
      return;
    case "remove":
      if (file !== undefined) unlinkSync(tree.path(file));
      return;
    case "mkdir":
      tree.write(join(folder, `sub${pick % 3}`, "a.yaml"), text);
      return;
    case "move": {
      const from = one([...files, ...folders]);
      const to = join(folder, pick % 2 === 0 ? `moved${pick % 3}.yaml` : `moved${pick % 3}`);
      if (from !== undefined && isFree(to) && !`${to}/`.startsWith(`${from}/`))
        renameSync(tree.path(from), tree.path(to));
      return;
    }
    case "rmdir": {
      const gone = one(folders);
      if (gone !== undefined) rmSync(tree.path(gone), { recursive: true });
      return;
    }
    case "link":
      if (file !== undefined && isFree(name)) symlinkSync(tree.path(file), tree.path(name));
      return;
    case "retarget": {
      const link = one(links);
      if (link === undefined || file === undefined) return;
      symlinkSync(tree.path(file), tree.path(".turned"));
      return renameSync(tree.path(".turned"), tree.path(link));
    }
    case "junk":
      return tree.write(join(folder, ".junk"), text);
  }
}

describe("FolderReader against a look at the whole tree", () => {
  const edit = fc.tuple(
    fc.constantFrom(...kinds),
    fc.nat(1000),
    fc.constantFrom("1", "2", "", "long ".repeat(9)),
  );
  const bursts = fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

  it("has the same after each burst of edits, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(bursts, async (sequence) => {
        await using tree = new WatchedTree(before);
        await tree.read();
        for (const burst of sequence) {
          for (const one of burst) {
            perform(tree, one);
            // A link that leads nowhere is waited for, which the hand-held clock never ends; and its name is taken.
            dropDeadLinks(tree);
          }
          assert.deepEqual(contentOf(await tree.read()), contentOf(await tree.readAnew()));
        }
      }),
      { numRuns: 40 },
    );
  });
});

function dropDeadLinks(tree: WatchedTree): void {
  for (const link of entriesOf(tree.root).links) {
    if (statSync(tree.path(link), { throwIfNoEntry: false }) === undefined) unlinkSync(tree.path(link));
  }
}
