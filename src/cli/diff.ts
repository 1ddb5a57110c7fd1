import { hasErrors } from "../base/problem.ts";
import type { ComparedGroup } from "../checks/impact/compare-groups.ts";
import type { Schema } from "../schema/schema.ts";
import type { ShownGroup } from "./diff/format-diff.ts";
import type { Move } from "./diff/moves.ts";
import { colorFlag, type ColorMode, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { type ServerFlags, serverFlags, userTypeFlags } from "./common-flags.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { outputFlag, writeReport } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** `chancery diff OLD NEW`: what changes for whom, and what it does to traffic. */
export const diffCommand = defineCommand({
  name: "diff",
  summary: "show what changes for which nodes, and what it does to traffic",
  details: [
    "Compares what two configurations mean: by group, resource and field, secrets masked; another spelling or order of the same",
    "meaning is no difference. Says of each change what Envoy does with it: in place, filter chain drained, listener drained, re-bound,",
    "cluster re-warmed, endpoints drained, and so on. OLD and NEW are folders, Envoy bootstraps, revisions of the git repository around",
    "the current folder (REV:PATH, or git:REV[:PATH]), or `server`, a running `chancery serve`: then it tells the nodes that are connected, and which of them change their group.",
    "Exits 0 when nothing changes, 1 when something does, 2 when that cannot be found out.",
  ].join(" "),
  arguments: [
    { name: "OLD", description: "what is: a folder or file, a folder of a revision, or server" },
    { name: "NEW", description: "what would be: as OLD" },
  ],
  flags: {
    ...serverFlags("how long to wait for each answer of the server"),
    output: outputFlag,
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "diff main:config ./config", explains: "what a branch changes, as in a pull request" },
    { line: "diff server ./config", explains: "what would change for the nodes that are connected now" },
    { line: "diff git:HEAD~1:config git:HEAD:config -o json", explains: "the last commit, for a program" },
    { line: "diff envoy.yaml new.yaml", explains: "two Envoy bootstraps" },
  ],
  async run({ args: [before = "", after = ""], flags, terminal }) {
    const { compareGroups } = await import("../checks/impact/compare-groups.ts");
    const { formatDiff } = await import("./diff/format-diff.ts");
    const { maskGroups } = await import("./diff/masked.ts");
    try {
      const { loadSchemaWith } = await import("./user-schema.ts");
      const schema = await loadSchemaWith(flags, terminal);
      const old = await readSide(before, schema, flags, terminal);
      const next = await readSide(after, schema, flags, terminal);
      // A server shows no secrets, so the other side must not either.
      const isMasked = old.nodes !== undefined || next.nodes !== undefined;
      const groupsOf = (side: SideContent) =>
        isMasked && !side.nodes ? maskGroups(schema, side.groups) : side.groups;
      const nodes = old.nodes ?? next.nodes;
      const [oldGroups, nextGroups] = [groupsOf(old), groupsOf(next)];
      const moves = isMasked ? await movesOf(schema, oldGroups, nextGroups, flags, terminal) : undefined;
      const groups = compareGroups(schema, oldGroups, nextGroups).map((group) => ({
        ...group,
        ...(nodes && { nodes: nodes.get(group.name) ?? [] }),
      }));
      await writeReport(terminal, flags.output, {
        kind: "Diff",
        document: { old: before, new: after, groups, ...(moves && { moves }) },
        lines: [...groups.flatMap(linesOf), ...(moves ?? []).map((move) => ({ ...move }))],
        text: () => formatDiff(groups, moves ?? [], colorsFor(flags.color, terminal.env, terminal.stdout)),
      });
      return groups.length === 0 && !moves?.length ? exitCode.ok : exitCode.failure;
    } catch (error) {
      // 1 says that there is a difference, so it cannot say that something went wrong.
      if (!(error instanceof CommandError) || error.exitCode === exitCode.usage) throw error;
      throw new CommandError(exitCode.undecided, error.message, error.hint, { cause: error });
    }
  },
});

/** A line for each resource; a group that only comes, goes or has other nodes is a line of its own. */
function linesOf({ resources, ...group }: ShownGroup): readonly Readonly<Record<string, unknown>>[] {
  if (resources.length === 0) return [{ ...group }];
  return resources.map((resource) => ({ group: group.name, ...resource }));
}

/** The connected nodes that change their group. */
async function movesOf(
  schema: Schema,
  before: readonly ComparedGroup[],
  after: readonly ComparedGroup[],
  flags: SideFlags,
  terminal: Terminal,
): Promise<readonly Move[]> {
  const { adminCall } = await import("./admin-client.ts");
  const { groupsOfNodes } = await import("./diff/read-server.ts");
  const { movesBetween } = await import("./diff/moves.ts");
  const call = await adminCall(flags, terminal);
  const sideOf = async (groups: readonly ComparedGroup[]) => ({
    groups,
    groupOf: await groupsOfNodes(groups, call),
  });
  return movesBetween(schema, await sideOf(before), await sideOf(after));
}

interface SideContent {
  readonly groups: readonly ComparedGroup[];
  /** Connected nodes by group, of a server. */
  readonly nodes?: ReadonlyMap<string, readonly string[]>;
}

interface SideFlags extends ServerFlags {
  readonly color: ColorMode;
}

async function readSide(
  text: string,
  schema: Schema,
  flags: SideFlags,
  terminal: Terminal,
): Promise<SideContent> {
  const { sideOf } = await import("./diff/side.ts");
  const side = await sideOf(text, terminal);
  if (side.kind === "server") {
    const { readServer } = await import("./diff/read-server.ts");
    const { adminCall } = await import("./admin-client.ts");
    return readServer(schema, await adminCall(flags, terminal));
  }
  const { readConfiguration } = await import("./read-input.ts");
  const { readRevision } = await import("./diff/read-revision.ts");
  const { compileSide } = await import("./diff/compile-side.ts");
  const files = await (side.kind === "git"
    ? readRevision(side, terminal)
    : readConfiguration(side.path, terminal));
  const { groups, problems } = compileSide(schema, files);
  if (!hasErrors(problems)) return { groups };
  const { renderProblems } = await import("./render-problems.ts");
  const colors = colorsFor(flags.color, terminal.env, terminal.stderr);
  const texts = new Map(files.map((file) => [file.shownAs ?? file.path, file.text]));
  const errors = problems.filter(({ severity }) => severity === "error");
  terminal.stderr.write(renderProblems(errors, { colors, textOf: (file) => texts.get(file) }));
  throw new CommandError(exitCode.undecided, `${text} has errors`);
}
