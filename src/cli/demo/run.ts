import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import { socketAddress } from "../../base/ip-address.ts";
import { createLog } from "../../base/log.ts";
import { Schema } from "../../schema/schema.ts";
import { loadDescriptors } from "../../schema/load.ts";
import { readVersion } from "../../server/build-info.ts";
import type { ControlPlane } from "../../server/control-plane.ts";
import { inlineLoader } from "../../server/loading/loader.ts";
import { createSourceControlPlane } from "../../server/source-control-plane.ts";
import { folderSource } from "../../sources/folder-source.ts";
import {
  explainListenError,
  formatListenAddress,
  type ListenAddress,
  ListenError,
} from "../../server/listen-address.ts";
import { type ColorMode, type Colors, colorsFor } from "../color.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { firstStopSignal } from "../serve/stop-signals.ts";
import { createVoice } from "../serve/voice.ts";
import type { Terminal } from "../terminal.ts";
import { requestAs } from "./client.ts";
import { HopEntries } from "./hop-entries.ts";
import { type Hop, type RunProxy, startHop } from "./hop.ts";
import { tellJourney } from "./story.ts";
import { tellEvent } from "./tell-event.ts";
import { type DemoUpstream, type Sighting, startUpstream } from "./upstream.ts";

export interface DemoFlags {
  readonly xdsAddress: ListenAddress;
  readonly adminAddress: ListenAddress;
  readonly upstreamAddress: ListenAddress;
  readonly edgeAddress: ListenAddress;
  readonly client: ListenAddress;
  /** In place of the examples that come with the package. */
  readonly example: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly color: ColorMode;
}

const groups = ["edge", "inner"] as const;

/** The whole demo, until a signal; with `folder`, only the control plane over that. */
export async function runDemo(
  folder: string | undefined,
  flags: DemoFlags,
  terminal: Terminal,
  runProxy: RunProxy,
): Promise<void> {
  const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
  const stopped = firstStopSignal(terminal);
  const stop = new AbortController();
  await using state = await temporaryState();
  const examples = flags.example === undefined ? bundled("examples") : resolve(terminal.cwd, flags.example);
  const served = folder ?? (relative(terminal.cwd, join(examples, "quickstart")) || ".");
  const plane = await createPlane(served, join(state.path, "state"), flags, terminal);
  // Last opened, first closed.
  const closers: (() => Promise<void>)[] = [() => plane.close()];
  try {
    await listening(plane.start(), stopped);
    const refusal = new AbortController();
    const following = followEvents(plane, colors, terminal, stop.signal, refusal);
    closers.unshift(() => following);
    if (folder === undefined) {
      const upstream = await openUpstream(flags.upstreamAddress);
      closers.unshift(async () => upstream[Symbol.asyncDispose]());
      const entries = new HopEntries();
      const hops = groups.map((group) =>
        startHop({
          run: runProxy,
          terminal,
          args: hopArguments(
            join(examples, "quickstart-bootstrap", `${group}.yaml`),
            adminFile(state.path, group),
          ),
          onEntry: (entry) => entries.add(entry),
        }),
      );
      closers.unshift(async () => {
        await Promise.all(hops.map((hop) => hop.stop()));
      });
      const signals = { stop: stop.signal, refusal: refusal.signal };
      await Promise.race([showJourney(flags, hops, entries, colors, terminal, signals), stopped]);
    }
    const admins = folder === undefined ? await hopAdmins(state.path) : [];
    terminal.stdout.write(whatNext(served, admins, flags, colors));
    await Promise.race([plane.following, stopped]);
  } finally {
    stop.abort(new Error("the demo is over"));
    for (const close of closers) await close();
  }
}

/** The upstream alone, until a signal. */
export async function runUpstream(flags: DemoFlags, terminal: Terminal): Promise<void> {
  await using upstream = await openUpstream(flags.upstreamAddress);
  const { host } = flags.upstreamAddress;
  terminal.stdout.write(
    `upstream that demands PROXY v1: ${formatListenAddress({ host, port: upstream.port })}\n`,
  );
  await firstStopSignal(terminal);
}

/** The client alone: one request, as soon as somebody answers. */
export async function runClient(flags: DemoFlags, terminal: Terminal): Promise<void> {
  const seen = await requestUntilAnswered(flags, AbortSignal.timeout(flags.timeout));
  terminal.stdout.write(`the upstream saw: peer ${seen.peer}, client ${seen.client} (${seen.header})\n`);
}

async function createPlane(
  folder: string,
  stateFolder: string,
  { xdsAddress, adminAddress, color }: DemoFlags,
  terminal: Terminal,
): Promise<ControlPlane> {
  const voice = await createVoice({ format: "text", level: "warn", color }, terminal);
  const schema = new Schema(loadDescriptors());
  return createSourceControlPlane({
    source: folderSource(folder, terminal.cwd, systemClock),
    cwd: terminal.cwd,
    stateFolder,
    xdsAddress,
    adminAddress,
    adminHosts: [],
    allowsProbeCommands: false,
    removals: { allowsEmptyTypes: true, largestShare: 1 },
    drainMs: 0,
    schema,
    loader: inlineLoader(schema),
    clock: systemClock,
    // What happens is told from the events; the log would say it twice.
    log: createLog("off", () => undefined),
    version: readVersion(),
    processToken: String(terminal.pid),
    showProblems: voice.showProblems,
  });
}

async function listening(started: Promise<void>, stopped: Promise<unknown>): Promise<void> {
  try {
    await Promise.race([started, stopped]);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new CommandError(exitCode.failure, error.message, undefined, { cause: error });
  }
}

async function openUpstream(address: ListenAddress): Promise<DemoUpstream> {
  try {
    return await startUpstream(address.host, address.port);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = explainListenError(error, address, "--upstream-address");
    throw new CommandError(exitCode.failure, reason, undefined, { cause: error });
  }
}

async function followEvents(
  plane: ControlPlane,
  colors: Colors,
  terminal: Terminal,
  signal: AbortSignal,
  refusal: AbortController,
): Promise<void> {
  for await (const event of plane.events.follow(0, signal)) {
    const text = tellEvent(event, colors);
    if (text !== undefined) terminal.stdout.write(`${colors.dim(timeOf(event.atMs))} ${text}\n`);
    if (event.kind === "nacked") {
      const { node, message } = event.data;
      refusal.abort(new Error(`${String(node)} refused its configuration: ${String(message)}`));
    }
  }
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

function hopArguments(bootstrap: string, adminAddressFile: string): readonly string[] {
  return ["-c", bootstrap, "--admin-address-path", adminAddressFile, "-l", "error", "--drain-time-s", "0"];
}

/** Where the data plane of a group writes the address of its admin endpoint. */
function adminFile(folder: string, group: string): string {
  return join(folder, `${group}-admin`);
}

/** `http://127.0.0.1:9901/stats … of the edge`; none for a bootstrap without an admin endpoint. */
async function hopAdmins(folder: string): Promise<readonly string[]> {
  const lines = groups.map(async (group) => {
    const address = await readFile(adminFile(folder, group), "utf8").catch(() => undefined); // Not written.
    return address === undefined
      ? []
      : [`http://${address}/stats  and /clusters, /listeners, /config_dump of ${group}`];
  });
  return (await Promise.all(lines)).flat();
}

/** Sends the request and tells its journey, or why there is none. */
async function showJourney(
  flags: DemoFlags,
  hops: readonly Hop[],
  entries: HopEntries,
  colors: Colors,
  terminal: Terminal,
  { stop, refusal }: { readonly stop: AbortSignal; readonly refusal: AbortSignal },
): Promise<void> {
  const deadline = AbortSignal.any([stop, refusal, AbortSignal.timeout(flags.timeout)]);
  const broken = Promise.race(hops.map((hop) => hop.ended)).then((said) => {
    throw new CommandError(exitCode.failure, `a data plane ended: ${said}`);
  });
  const journey = (async () => {
    const upstream = await requestUntilAnswered(flags, deadline);
    // A hop notes a connection when it is over.
    const seen = await entries.of(groups, deadline);
    return { client: formatListenAddress(flags.client), hops: seen, upstream };
  })();
  try {
    const told = tellJourney(await Promise.race([journey, broken]), colors);
    terminal.stdout.write(`\nOne request:\n\n${told}\n`);
  } catch (error) {
    if (stop.aborted) return;
    if (error instanceof CommandError) throw error;
    if (refusal.aborted) {
      throw new CommandError(
        exitCode.failure,
        `the request cannot get through: ${errorMessage(refusal.reason)}`,
      );
    }
    terminal.stdout.write(`\n${colors.red(`The request did not get through: ${errorMessage(error)}`)}\n\n`);
  }
}

async function requestUntilAnswered(flags: DemoFlags, signal: AbortSignal): Promise<Sighting> {
  const client = socketAddress(flags.client.host, flags.client.port);
  if (!client) {
    throw new CommandError(exitCode.usage, `--client: expected an IP address, found "${flags.client.host}"`);
  }
  for (;;) {
    try {
      return await requestAs(client, flags.edgeAddress, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // The listeners open when their configuration is there.
      await setTimeout(50, undefined, { signal });
    }
  }
}

function whatNext(folder: string, admins: readonly string[], flags: DemoFlags, colors: Colors): string {
  const admin = `http://${formatListenAddress(flags.adminAddress)}`;
  const bootstraps = bundled("examples/quickstart-bootstrap");
  const lines = [
    `${colors.bold("Look at")}    ${admin}/api/v1/nodes     who runs what`,
    `           ${admin}/api/v1/revision  what is served`,
    `           ${admin}/metrics`,
    ...admins.map((line) => `           ${line}`),
    ...(admins.length > 0
      ? []
      : [
          `${colors.bold("Connect")}    envoy -c BOOTSTRAP or chancery proxy -c BOOTSTRAP; examples: ${bootstraps}`,
        ]),
    `${colors.bold("Edit")}       ${folder}: what happens shows here`,
    `${colors.bold("Stop")}       Ctrl-C`,
  ];
  return `${lines.join("\n")}\n\n`;
}

/** A folder for the state directory: the demo starts from nothing each time. */
async function temporaryState(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "chancery-demo-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Absolute path of something that comes with the package. */
function bundled(path: string): string {
  return fileURLToPath(import.meta.resolve(`#root/${path}`));
}
