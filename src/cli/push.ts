import type { Problem } from "../base/problem.ts";
import type { RevisionReport } from "../server/admin/admin-source.ts";
import type { PushedReport, PushOutcome } from "../server/push/push-door.ts";
import { serverFlags } from "./common-flags.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { optionalTextFlag, ownFlag, switchFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

/** What the server answers to a push. */
interface PushAnswer extends Partial<RevisionReport> {
  readonly apiVersion: string;
  readonly kind: "Push";
  readonly outcome: Exclude<PushOutcome["kind"], "busy">;
  readonly now?: PushedReport;
  readonly isServed?: boolean;
  readonly reason?: string;
  readonly problems?: readonly Problem[];
}

interface TreeAnswer extends PushedReport {
  readonly apiVersion: string;
  readonly kind: "PushedTree";
}

/** `chancery push`: gives a folder to a server that takes pushes. */
export const pushCommand = defineCommand({
  name: "push",
  summary: "give a folder to a running `serve --push`, all of it or nothing",
  details: [
    "Sends the configuration below DIR to the server and waits for its verdict. All of it is served, or nothing changes. The",
    "server is asked first what is there, and the push is for that alone: when somebody else pushes in between, one of the two",
    "is told so and changes nothing. --if-match says what it has to replace, as an earlier push printed it; --force, whatever is there.",
  ].join(" "),
  arguments: [{ name: "DIR", description: "a folder of YAML and JSON, or a single file" }],
  flags: {
    ifMatch: optionalTextFlag("TAG", "the tree that it replaces", { defaultText: "what is there now" }),
    force: ownFlag(switchFlag("replace whatever is there")),
    allowRemovals: switchFlag("serve what is there now, whatever it takes away"),
    ...serverFlags("how long to wait for the verdict", "60s"),
    output: outputFlag,
    color: colorFlag,
  },
  examples: [
    { line: "push ./config --admin-token-file token", explains: "replace what is there now" },
    { line: "push ./config --if-match nRbCyPm0iVLXzVTL", explains: "only if nobody has pushed since" },
  ],
  async run({ args, flags, terminal }) {
    if (flags.force && flags.ifMatch !== undefined) {
      throw new CommandError(exitCode.usage, "--force and --if-match exclude each other");
    }
    const { readConfiguration } = await import("./read-input.ts");
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { renderProblems } = await import("./render-problems.ts");
    const { formatRevision } = await import("./status/revision-line.ts");
    const call = await adminCall(flags, terminal);
    // Asked before the files are read: what changes from now on is somebody else's.
    const asked =
      flags.force || flags.ifMatch !== undefined
        ? undefined
        : await askAdmin<TreeAnswer>("/api/v1/tree", "PushedTree", call);
    const files = await readConfiguration(args[0]!, terminal);
    const tag = flags.ifMatch ?? asked?.tag;
    const answer = await askAdmin<PushAnswer>("/api/v1/tree", "Push", {
      ...call,
      method: "PUT",
      headers: { "if-match": tag === undefined ? "*" : `"${tag}"` },
      body: { files: files.map(({ path, text }) => ({ path, text })), allowRemovals: flags.allowRemovals },
      alsoTakes: [400, 412, 422, 507],
    });
    if (answer.outcome === "conflict") throw conflict(answer.now, tag);
    if (answer.outcome === "unkept") throw unkept(answer);
    const { outcome, now, current = null, refused = null } = answer;
    const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
    const problems = answer.problems ?? refused?.problems ?? [];
    const texts = new Map(files.map(({ path, text }) => [path, text]));
    const isAccepted = outcome === "accepted";
    await writeReport(terminal, flags.output, {
      kind: "Push",
      document: { isAccepted, outcome, ...(now && { now }), current, refused, problems },
      text: () => {
        const shown = renderProblems(isAccepted ? [] : problems, {
          colors,
          textOf: (file) => texts.get(file),
        });
        if (outcome === "malformed") return `${shown}the push is refused; nothing has changed\n`;
        const verdict = isAccepted
          ? `pushed as ${now?.tag ?? ""}\n`
          : "the push is refused; nothing has changed\n";
        return `${shown}${verdict}${formatRevision({ current, refused }, Date.now(), colors)}`;
      },
    });
    return isAccepted ? exitCode.ok : exitCode.failure;
  },
});

function conflict(now: PushedReport | undefined, wanted: string | undefined): CommandError {
  const who = now?.by === undefined ? "" : ` by ${now.by}`;
  const when = now?.pushedAtMs === undefined ? "" : ` at ${new Date(now.pushedAtMs).toISOString()}`;
  const message = `somebody else has pushed: ${now?.tag ?? "another tree"} is there${who}${when}, not ${wanted ?? "none"}; nothing has changed`;
  return new CommandError(exitCode.failure, message, "take in what they changed, then push again");
}

function unkept({ isServed, reason }: PushAnswer): CommandError {
  const consequence = isServed
    ? "it is served, but a restart of the server would lose it"
    : "nothing has changed";
  const message = `the server cannot keep the push: ${reason ?? "its state directory refuses it"}; ${consequence}`;
  return new CommandError(exitCode.failure, message, "make room for its state directory, then push again");
}
