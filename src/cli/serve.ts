import { logLevels } from "../base/log.ts";
import {
  addressFlag,
  quietFlag,
  userTypeFlags,
  verboseFlag,
  xdsAddressFlag,
  xdsSocketModeFlag,
} from "./common-flags.ts";
import { colorFlag } from "./color.ts";
import { defineCommand } from "./command.ts";
import { countFlag } from "./count.ts";
import { durationFlag } from "./duration.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { gitFlags } from "./serve/git-flags.ts";
import { historyFlags, historyFromFlags } from "./serve/history-flags.ts";
import { limitFlags, limitsFromFlags } from "./serve/limit-flags.ts";
import { webhookFlags } from "./serve/webhook-flags.ts";
import { securityFlags } from "./serve/security-flags.ts";
import { choiceFlag, type Flag, listFlag, switchFlag, textFlag } from "./flag.ts";

const maxRemovedFlag: Flag<number> = {
  description: "hold back a load that takes away more than this share of a type of a group",
  placeholder: "PERCENT",
  default: 100,
  defaultText: "100",
  parse: (text) => {
    const percent = Number(text);
    if (!/^\d+$/.test(text) || percent > 100) throw new Error("expected a whole number from 0 to 100");
    return percent;
  },
};

/** More than machines have cores that fleets are served from: a slip of the keyboard. */
const mostWorkers = 64;

const workersFlag: Flag<number> = {
  description: "how many processes serve xDS, on one port; more than 1 use more cores",
  placeholder: "NUMBER",
  default: 1,
  defaultText: "1, within the process itself",
  parse: (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > mostWorkers)
      throw new Error(`expected a whole number from 1 to ${mostWorkers}`);
    return count;
  },
};

/** `chancery serve`: the control plane over a folder or a git repository. */
export const serveCommand = defineCommand({
  name: "serve",
  summary: "serve a folder or git repository of Envoy resources over xDS, and follow its changes",
  details: [
    "Serves the resources of SOURCE to every Envoy that asks (ADS and the per-type services, state of the world and delta),",
    "and every change of it that has no error. What has an error is shown with its line, and what was served before",
    "stays; also over a restart, from the state directory. In a folder, groups/<name>/ is for the nodes of that group.",
    "A git repository is asked for new commits, and one commit at a time is read (docs/gitops.md). Listens on loopback",
    "unless told otherwise. SIGHUP looks at the source now. SIGTERM or SIGINT drains and exits 0; a second one exits at once.",
  ].join(" "),
  arguments: [
    {
      name: "SOURCE",
      isOptional: true,
      description: "a folder of YAML and JSON, or the URL of a git repository of them (ssh, https, file)",
    },
  ],
  flags: {
    xdsAddress: xdsAddressFlag,
    xdsSocketMode: xdsSocketModeFlag,
    adminAddress: addressFlag("where status, metrics and probes are", "127.0.0.1:19000"),
    adminHost: listFlag("NAME", "a host name that the admin API answers to besides addresses; may repeat"),
    ...securityFlags,
    ...gitFlags,
    ...webhookFlags,
    push: switchFlag("serve what `chancery push` gives over the admin API, in place of SOURCE"),
    workers: workersFlag,
    workerTimeout: durationFlag("a worker that gives no sign of life in this time is replaced", "10s", 100),
    ...limitFlags,
    metricsNodes: countFlag("how many nodes metrics name; further ones are counted as other", "100"),
    stateDir: textFlag("DIR", "where the last good revision is kept", ".chancery"),
    ...historyFlags,
    allowEmpty: switchFlag("serve also a load that takes a type of a group from some to none"),
    maxRemoved: maxRemovedFlag,
    allowProbeCommands: switchFlag("let chancery.yaml run programs here as probes of rollouts"),
    drainTime: durationFlag("how long streams are drained for at the end", "5s"),
    ...userTypeFlags,
    logFormat: choiceFlag(["auto", "json", "text"], "auto", "auto: text on a terminal, else JSON lines", {
      placeholder: "FORMAT",
    }),
    logLevel: choiceFlag(logLevels, "info", "the least that is logged", { placeholder: "LEVEL" }),
    quiet: quietFlag,
    verbose: verboseFlag,
    color: colorFlag,
  },
  examples: [
    { line: "serve ./config", explains: "on this machine" },
    {
      line: "serve https://git.example.com/fleet.git --git-branch main --git-path envoy --git-token-file token",
      explains: "a folder of a git repository, and each new commit of its branch",
    },
    {
      line: "serve ./config --xds-address 0.0.0.0:18000 --tls-cert tls.crt --tls-key tls.key --tls-client-ca ca.crt",
      explains: "for Envoys on other machines that have a certificate of this CA",
    },
    {
      line: "serve /etc/chancery/config --state-dir /var/lib/chancery --log-format json",
      explains: "as a service",
    },
    {
      line: "serve ./config --xds-address 127.0.0.1:0 --admin-address 127.0.0.1:0",
      explains: "on any free ports",
    },
  ],
  async run({ args, flags, terminal }) {
    const { loadSchemaWith, userTypePaths } = await import("./user-schema.ts");
    const { threadLoader } = await import("../server/loading/thread-loader.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const { securityFromFlags } = await import("./serve/security.ts");
    const { createVoice } = await import("./serve/voice.ts");
    const { firstStopSignal } = await import("./serve/stop-signals.ts");
    const { openSource } = await import("./serve/open-source.ts");
    const { listenWebhook, openWebhook } = await import("./serve/open-webhook.ts");
    const { ListenError } = await import("../server/listen-address.ts");
    const { readVersion } = await import("../server/build-info.ts");
    const { systemClock } = await import("../base/clock.ts");

    const level = flags.quiet ? "error" : flags.verbose ? "debug" : flags.logLevel;
    const voice = await createVoice({ format: flags.logFormat, level, color: flags.color }, terminal);
    const { cwd } = terminal;
    const security = await securityFromFlags(flags, {
      cwd,
      clock: systemClock,
      log: voice.log,
    });
    const { tls, xdsTokens, adminTokens } = security;
    const stopped = firstStopSignal(terminal);
    const { source, git, push } = openSource(args[0], flags, terminal, voice.log);
    const userTypes = userTypePaths(flags, terminal);
    const webhook = await openWebhook(flags, git, cwd, voice.log);
    const loader = threadLoader(schema, userTypes);
    const ended = new AbortController();
    // Now, for the thread and the server take about as long to be there.
    loader.begin(ended.signal);
    const { createSourceControlPlane } = await import("../server/source-control-plane.ts");
    const plane = createSourceControlPlane({
      source,
      ...(git && { git: () => ({ ...git.status(), ...(webhook && { deliveries: webhook.counts }) }) }),
      ...(webhook && !flags.webhookAddress && { webhook }),
      ...(push && { push }),
      cwd,
      stateFolder: flags.stateDir,
      history: historyFromFlags(flags),
      xdsAddress: flags.xdsAddress,
      xdsSocketMode: flags.xdsSocketMode,
      ...(tls && { xdsTls: tls }),
      ...(xdsTokens && { xdsTokens }),
      ...(adminTokens && { adminTokens }),
      adminAddress: flags.adminAddress,
      adminHosts: flags.adminHost.map((name) => name.toLowerCase()),
      allowsProbeCommands: flags.allowProbeCommands,
      removals: { allowsEmptyTypes: flags.allowEmpty, largestShare: flags.maxRemoved / 100 },
      ...(flags.workers > 1 && {
        workers: { count: flags.workers, hungAfterMs: flags.workerTimeout, userTypes },
      }),
      drainMs: flags.drainTime,
      limits: limitsFromFlags(flags),
      metricNodes: flags.metricsNodes,
      schema,
      loader,
      clock: systemClock,
      version: readVersion(),
      processToken: String(terminal.pid),
      ...voice,
    });
    const filesFollowed = security.follow(ended.signal);
    let webhookServer: AsyncDisposable | undefined;
    try {
      const stopUnhooked = terminal.onSignal("SIGHUP", () => {
        voice.log.info("SIGHUP: looking at the source now");
        // What came of it is logged like any other look; only a plane that has not started rejects.
        plane.reconcile().catch(() => undefined);
      });
      // A signal that comes meanwhile is answered when the start is through; a second one ends the process anyway.
      await plane.start();
      webhookServer = await listenWebhook(webhook, flags.webhookAddress, voice.log);
      await Promise.race([plane.following, stopped]);
      stopUnhooked();
    } catch (error) {
      if (error instanceof ListenError)
        throw new CommandError(exitCode.failure, error.message, undefined, { cause: error });
      throw error;
    } finally {
      await webhookServer?.[Symbol.asyncDispose]();
      await plane.close();
      ended.abort();
      await filesFollowed;
    }
    return exitCode.ok;
  },
});
