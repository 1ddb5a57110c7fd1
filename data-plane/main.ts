import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { errorMessage } from "../src/base/error-message.ts";
import type { Log, LogThreshold } from "../src/base/log.ts";
import { formatProblem } from "../src/base/problem.ts";
import { unreachable } from "../src/base/unreachable.ts";
import { colorsFor } from "../src/cli/color.ts";
import { exitCode } from "../src/cli/exit-code.ts";
import { whyUnreadable } from "../src/cli/read-input.ts";
import { renderProblems } from "../src/cli/render-problems.ts";
import type { Output, Terminal } from "../src/cli/terminal.ts";
import { loadDescriptors } from "../src/schema/load.ts";
import { Schema } from "../src/schema/schema.ts";
import { loadUserTypes } from "../src/schema/user-types/load-user-types.ts";
import type { SourceFile } from "../src/schema/source-node.ts";
import { readVersion } from "../src/server/build-info.ts";
import { createJsonLog } from "../src/server/log/json-log.ts";
import { createTextLog } from "../src/server/log/text-log.ts";
import { AccessLogs } from "./access-logs/open-access-logs.ts";
import type { HostControls } from "./admin/admin-view.ts";
import type { BootstrapConfig } from "./bootstrap/bootstrap.ts";
import { resolveSource } from "./bootstrap/config-source.ts";
import type { EnvoyFlags } from "./bootstrap/envoy-flags.ts";
import { parseEnvoyFlags } from "./bootstrap/envoy-flags.ts";
import { loadBootstrap } from "./bootstrap/load-bootstrap.ts";
import { systemLocalData } from "./bootstrap/local-data.ts";
import { formatAddress } from "./network/address.ts";
import { bundledExtensions } from "./proxy/bundled-extensions.ts";
import { loadExtensions } from "./proxy/load-extensions.ts";
import type { ExtensionTable } from "./resources/extension.ts";
import type { Parsed } from "./resources/parsed.ts";
import { findForeignSources } from "./proxy/foreign-sources.ts";
import { proxyHelp } from "./proxy/proxy-help.ts";
import type { RunningServer, StartOptions } from "./proxy/start-proxy.ts";
import { startProxy } from "./proxy/start-proxy.ts";
import { tuneEngine } from "./proxy/tune-engine.ts";
import { parsed, reasonOf } from "./resources/parsed.ts";
import { forkWorker, isWorkerProcess, parentLink } from "./workers/cluster-processes.ts";
import { RelayedXds } from "./workers/relayed-xds.ts";
import { streamKey } from "./xds-client/source-plan.ts";
import { runWorker } from "./workers/run-worker.ts";
import { startWorkers } from "./workers/start-workers.ts";

/**
 * Runs a command line written for Envoy. Resolves to the exit code when the proxy has ended: 0 after a drain or a valid `--mode
 * validate`, 1 for a configuration that is refused, 64 for a wrong command line.
 */
export async function runProxy(args: readonly string[], terminal: Terminal): Promise<number> {
  const line = parseEnvoyFlags(args);
  switch (line.kind) {
    case "help":
      terminal.stdout.write(proxyHelp);
      return exitCode.ok;
    case "version":
      terminal.stdout.write(`chancery ${readVersion()}\n`);
      return exitCode.ok;
    case "wrong":
      terminal.stderr.write(`error: ${line.message}\nhint: chancery proxy --help\n`);
      return exitCode.usage;
    case "run":
      return runFlags(line.flags, terminal);
    default:
      return unreachable(line);
  }
}

async function runFlags(flags: EnvoyFlags, terminal: Terminal): Promise<number> {
  tuneEngine();
  if (isWorkerProcess()) return runAsWorker(flags, terminal);
  const name = flags.configPath ?? "";
  const files = await readTexts(flags, terminal.cwd);
  if (typeof files === "string") {
    terminal.stderr.write(`error initializing configuration '${name}': ${files}\n`);
    return exitCode.failure;
  }
  const own = await loadOwn(flags, terminal.cwd);
  if (!own.value) {
    const colors = colorsFor("auto", terminal.env, terminal.stderr);
    terminal.stderr.write(renderProblems(own.problems, { colors, textOf: () => undefined }));
    return exitCode.failure;
  }
  const { config, problems } = loadBootstrap(files, {
    ...bootstrapOptions(own.value, flags, terminal),
    // A file is as good where it is checked as where it is to run.
    ...(flags.mode !== "validate" && { foreignSources: await findForeignSources() }),
  });
  const colors = colorsFor("auto", terminal.env, terminal.stderr);
  if (!config || flags.mode === "validate") {
    const textOf = (file: string) => files.find((one) => one.name === file)?.text;
    terminal.stderr.write(renderProblems(problems, { colors, textOf }));
  }
  if (!config) {
    terminal.stderr.write(`error initializing configuration '${name}'\n`);
    return exitCode.failure;
  }
  if (flags.mode === "validate") {
    terminal.stdout.write(`configuration '${name}' OK\n`);
    return exitCode.ok;
  }
  const threshold = { level: flags.logLevel };
  const log = openLog(threshold, flags, terminal);
  for (const problem of problems) log.warn(formatProblem(problem));
  if (flags.unused.length > 0) {
    log.info("flags of Envoy that do nothing here", { flags: flags.unused.join(" ") });
  }
  return serve(config, own.value, files, flags, { log, threshold }, terminal);
}

/** One of `--concurrency` processes: the parent says what to run, and when to end. */
async function runAsWorker(flags: EnvoyFlags, terminal: Terminal): Promise<number> {
  // A signal to the whole group is the parent's business.
  for (const signal of ["SIGTERM", "SIGINT"] as const) terminal.onSignal(signal, () => undefined);
  const own = await loadOwn(flags, terminal.cwd);
  const parent = parentLink(() => terminal.exit(exitCode.failure));
  const onQuit = () => parent.send({ kind: "quit" });
  let accessLogs: AccessLogs | undefined;
  terminal.onSignal("SIGUSR1", () => accessLogs?.reopen());
  await runWorker(parent, ({ files, foreignSources, index, count }, clearPipe) => {
    const threshold = { level: flags.logLevel };
    const log = openLog(threshold, flags, terminal).with({ worker: index });
    if (!own.value) throw new Error(reasonOf(own.problems));
    const { schema } = own.value;
    const loaded = loadBootstrap(files, { ...bootstrapOptions(own.value, flags, terminal), foreignSources });
    if (!loaded.config) throw new Error(reasonOf(loaded.problems));
    const { admin: _parents, ...config } = loaded.config;
    accessLogs = new AccessLogs(terminal, log);
    const xds = new RelayedXds({
      schema,
      send: (message) => parent.send({ kind: "xds", message }),
      refusalOf: (source) => {
        const resolved = resolveSource(source ?? {}, config.sources);
        return resolved.kind === "refused" ? resolved.reason : undefined;
      },
      streamOf: (typeUrl, source) => {
        const resolved = resolveSource(source, config.sources);
        if (resolved.kind === "refused") throw new Error(resolved.reason);
        return streamKey(typeUrl, resolved.plan);
      },
    });
    const options = startOptions(config, own.value, flags, { log, threshold }, terminal, accessLogs, onQuit);
    return { xds, starting: startProxy({ ...options, xds, worker: { index, count, clearPipe } }) };
  });
  await accessLogs?.[Symbol.asyncDispose]();
  parent.close();
  // A start that is still under way must not keep the process alive.
  terminal.exit(exitCode.ok);
  return exitCode.ok;
}

function bootstrapOptions({ schema, extensions }: OwnParts, flags: EnvoyFlags, terminal: Terminal) {
  return {
    schema,
    extensions,
    overrides: flags.node,
    version: readVersion(),
    hostname: hostname(),
    local: systemLocalData(terminal.cwd, terminal.env),
    allowsUnknownFields: flags.allowsUnknownStaticFields,
  };
}

/** What a user can add to: the types, and the extensions that are configured with them. */
interface OwnParts {
  readonly schema: Schema;
  readonly extensions: ExtensionTable;
}

async function loadOwn(flags: EnvoyFlags, cwd: string): Promise<Parsed<OwnParts>> {
  const paths = (names: readonly string[]) => names.map((name) => resolve(cwd, name));
  const { descriptors, problems } = await loadUserTypes(loadDescriptors(), {
    descriptorSets: paths(flags.descriptorSets),
    protoPaths: paths(flags.protoPaths),
  });
  const hasType = (typeName: string) => descriptors.messages.has(typeName);
  const table = await loadExtensions({ files: flags.extensions, cwd, hasType });
  const extensions = table.value ?? bundledExtensions;
  return parsed({ schema: new Schema(descriptors), extensions }, [...problems, ...table.problems]);
}

/** The texts of the configuration, or why there are none. */
async function readTexts(
  { configPath, configYaml }: EnvoyFlags,
  cwd: string,
): Promise<SourceFile[] | string> {
  if (configPath === undefined && configYaml === undefined) {
    return "at least one of --config-path and --config-yaml is needed";
  }
  const inline = configYaml === undefined ? [] : [{ name: "--config-yaml", text: configYaml }];
  if (configPath === undefined) return inline;
  try {
    return [{ name: configPath, text: await readFile(resolve(cwd, configPath), "utf8") }, ...inline];
  } catch (error) {
    return whyUnreadable(error);
  }
}

/** A log, and what may turn it up or down. */
interface Logging {
  readonly log: Log;
  readonly threshold: LogThreshold;
}

function openLog(threshold: LogThreshold, flags: EnvoyFlags, terminal: Terminal): Log {
  const output: Output = flags.logPath
    ? createWriteStream(resolve(terminal.cwd, flags.logPath), { flags: "a" })
    : terminal.stderr;
  if (!output.isTTY) return createJsonLog(threshold, output);
  return createTextLog(threshold, output, systemClock, colorsFor("auto", terminal.env, output));
}

async function serve(
  config: BootstrapConfig,
  own: OwnParts,
  files: readonly SourceFile[],
  flags: EnvoyFlags,
  logging: Logging,
  terminal: Terminal,
): Promise<number> {
  const { log } = logging;
  const stop = new StopRequest(terminal);
  let forgetReopen: (() => void) | undefined;
  // Timers of the proxy do not keep the process alive, and there may be no listener yet.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await using accessLogs = new AccessLogs(terminal, log);
    let { reopen } = accessLogs;
    forgetReopen = terminal.onSignal("SIGUSR1", () => reopen());
    const onQuit = () => stop.request("quitquitquit");
    const options = startOptions(config, own, flags, logging, terminal, accessLogs, onQuit);
    const count = flags.concurrency ?? 1;
    await using running =
      count > 1
        ? await startWorkers({ ...options, count, files, fork: forkWorker })
        : await startProxy(options);
    if (running.reopenLogs) reopen = running.reopenLogs;
    await tellAdminAddress(running, flags, log, terminal.cwd);
    const live = running.live.then(() => undefined);
    const early = await Promise.race([live, stop.requested]);
    if (early === undefined) {
      log.info("all listeners are open", { state: "LIVE" });
      if (flags.mode === "init_only") return exitCode.ok;
    }
    const reason = early ?? (await stop.requested);
    const drained = running.drain(flags.drainTimeMs);
    log.info("draining", { reason, drain_time_ms: flags.drainTimeMs });
    await drained;
    return exitCode.ok;
  } catch (error) {
    log.error("cannot run", { error: errorMessage(error) });
    return exitCode.failure;
  } finally {
    clearInterval(alive);
    stop.forget();
    forgetReopen?.();
  }
}

function memory(): ReturnType<HostControls["memory"]> {
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  return { allocated: heapUsed + external, heap: heapTotal + external, physical: rss };
}

function startOptions(
  bootstrap: BootstrapConfig,
  { schema, extensions }: OwnParts,
  flags: EnvoyFlags,
  { log, threshold }: Logging,
  terminal: Terminal,
  accessLogs: AccessLogs,
  onQuit: () => void,
): StartOptions {
  return {
    bootstrap,
    schema,
    extensions,
    log,
    hostname: hostname(),
    local: systemLocalData(terminal.cwd, terminal.env),
    version: readVersion(),
    commandLine: commandLineOptions(flags),
    drainMs: flags.drainTimeMs,
    drainStrategy: flags.drainStrategy,
    openAccessLog: accessLogs.open,
    host: { memory, logThreshold: threshold, reopenLogs: accessLogs.reopen },
    rejectsUnknownDynamicFields: flags.rejectsUnknownDynamicFields,
    onQuit,
  };
}

async function tellAdminAddress(
  { adminAddress }: RunningServer,
  { adminAddressPath }: EnvoyFlags,
  log: Log,
  cwd: string,
): Promise<void> {
  if (!adminAddress) return;
  log.info("the admin endpoint answers", { address: formatAddress(adminAddress) });
  if (adminAddressPath !== undefined) {
    await writeFile(resolve(cwd, adminAddressPath), formatAddress(adminAddress));
  }
}

/** `envoy.admin.v3.CommandLineOptions`, as far as the flags mean something here. */
function commandLineOptions(flags: EnvoyFlags): Record<string, string | number> {
  return {
    mode: { serve: "Serve", validate: "Validate", init_only: "InitOnly" }[flags.mode],
    log_level: flags.logLevel,
    concurrency: flags.concurrency ?? 1,
    config_path: flags.configPath ?? "",
    config_yaml: flags.configYaml ?? "",
    service_node: flags.node.id ?? "",
    service_cluster: flags.node.cluster ?? "",
    service_zone: flags.node.zone ?? "",
    admin_address_path: flags.adminAddressPath ?? "",
    drain_strategy: flags.drainStrategy === "immediate" ? "Immediate" : "Gradual",
    drain_time: `${flags.drainTimeMs / 1000}s`,
  };
}

/** What ends a proxy: SIGTERM, SIGINT or the admin endpoint, whichever comes first; a second signal ends the process at once. */
class StopRequest {
  readonly requested: Promise<string>;
  readonly #forgets: readonly (() => void)[];
  #resolve: (reason: string) => void = () => undefined;
  #isRequested = false;

  constructor(terminal: Terminal) {
    this.requested = new Promise((resolveReason) => {
      this.#resolve = resolveReason;
    });
    this.#forgets = (["SIGTERM", "SIGINT"] as const).map((signal) =>
      terminal.onSignal(signal, () => {
        if (this.#isRequested) terminal.exit(exitCode.failure);
        this.request(signal);
      }),
    );
  }

  request(reason: string): void {
    this.#isRequested = true;
    this.#resolve(reason);
  }

  forget(): void {
    for (const forget of this.#forgets) forget();
  }
}
