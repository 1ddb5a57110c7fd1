import type { RolloutRecord } from "../rollout/state.ts";
import type { RolloutReport } from "../server/rollout/rollout-report.ts";
import { serverFlags } from "./common-flags.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { listed, ownFlag, switchFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

const actions = ["status", "history", "pause", "resume", "promote", "abort", "undo", "retry"] as const;

/** `chancery rollout ACTION`: how far a revision has come, and what a person has to say to it. */
export const rolloutCommand = defineCommand({
  name: "rollout",
  summary: "watch and steer how a revision comes to the nodes",
  details: [
    "status: the rollout under way by group, or how the last one ended; --wait until it is over, exits 0 when it came through, 1 when it did not, 124 when --timeout is over first.",
    "history: all of them, newest first.",
    "pause, resume: stop before the next stage, and go on; a refusal rolls back in between too.",
    "promote: skip what the stage waits for; --full gives it to all nodes for good.",
    "abort: back to what is stable.",
    "undo: back to REVISION, or the one before, at once; what the source has is not applied over it until it changes.",
    "retry: roll out again what was rolled back, aborted or undone.",
  ].join("\n"),
  arguments: [
    { name: "ACTION", description: listed(actions) },
    { name: "REVISION", description: "for undo: its id, or how that begins", isOptional: true },
  ],
  flags: {
    full: switchFlag("for promote: all stages"),
    wait: ownFlag(switchFlag("wait until the rollout is over")),
    watch: switchFlag("for status: go on until interrupted, and show every change", { short: "w" }),
    ...serverFlags("how long to wait for the answer, and with --wait for the end", "10m"),
    output: outputFlag,
    color: colorFlag,
  },
  examples: [
    { line: "rollout status --watch", explains: "live" },
    { line: "rollout status --wait --timeout 15m", explains: "in a pipeline, after the push" },
    { line: "rollout undo", explains: "back to what was there before" },
    { line: "rollout promote --full", explains: "I have seen enough" },
  ],
  async run({ args, flags, terminal }) {
    const [name, revision] = args;
    const action = actions.find((one) => one === name);
    if (!action) throw new CommandError(exitCode.usage, `rollout ${name}: expected ${listed(actions)}`);
    if (revision !== undefined && action !== "undo")
      throw new CommandError(exitCode.usage, `rollout ${action} takes no revision`);
    if (flags.full && action !== "promote")
      throw new CommandError(exitCode.usage, `--full is for rollout promote`);
    if (flags.watch && action !== "status")
      throw new CommandError(exitCode.usage, `--watch is for rollout status`);
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { formatHistory, formatRollout } = await import("./rollout/format-rollout.ts");
    const call = await adminCall(flags, terminal);
    const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
    if (action === "history") {
      const { items } = await askAdmin<HistoryAnswer>("/api/v1/rollout/history", "RolloutHistory", call);
      await writeReport(terminal, flags.output, {
        kind: "RolloutHistory",
        document: { items },
        lines: items.map((item) => ({ ...item })),
        text: () => formatHistory(items, Date.now()),
      });
      return exitCode.ok;
    }
    const ask = () => askAdmin<RolloutAnswer>("/api/v1/rollout", "Rollout", call);
    const show = async (report: RolloutReport, isLive = flags.watch): Promise<void> => {
      const { stable, rollout, last, quarantine, stateError } = report;
      const clear = isLive && terminal.stdout.isTTY ? "\u001b[H\u001b[2J" : "";
      await writeReport(terminal, flags.output, {
        kind: "Rollout",
        document: { stable, rollout, last, quarantine, stateError },
        text: () => `${clear}${formatRollout(report, Date.now(), colors)}`,
      });
    };
    if (action === "status" && flags.watch) {
      const { watchChanges } = await import("./status/watch-changes.ts");
      await watchChanges(call, terminal, async () => show(await ask()));
      return exitCode.ok;
    }
    if (action !== "status") {
      const body = { action, ...(flags.full && { full: true }), ...(revision !== undefined && { revision }) };
      await askAdmin<RolloutAnswer>("/api/v1/rollout", "Rollout", { ...call, body });
    }
    if (!flags.wait) {
      await show(await ask());
      return exitCode.ok;
    }
    const { waitForEnd } = await import("./rollout/wait.ts");
    // For machines there is one answer, at the end.
    const onProgress = async (report: RolloutReport) => {
      if (flags.output === "table") await show(report, true);
    };
    const last = await waitForEnd(ask, onProgress, flags.timeout);
    await show(await ask());
    return last === null || last.result === "completed" ? exitCode.ok : exitCode.failure;
  },
});

interface RolloutAnswer extends RolloutReport {
  readonly apiVersion: string;
  readonly kind: "Rollout";
}

interface HistoryAnswer {
  readonly apiVersion: string;
  readonly kind: "RolloutHistory";
  readonly items: readonly RolloutRecord[];
}
