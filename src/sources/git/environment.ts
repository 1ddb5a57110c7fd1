import type { GitLocation } from "./location.ts";
import { sshCommand } from "./ssh-command.ts";

/** What git may use to prove who it is, and to be sure of the other side. Paths are whole paths. */
export interface GitAccess {
  readonly sshKey?: string;
  readonly knownHosts?: string;
  /** PEM; in place of the system's. */
  readonly caFile?: string;
  /** Shown to an https remote as the password of `username`. */
  readonly token?: string;
  readonly username: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What git and ssh are let have of this process's environment. */
const passedOn = ["PATH", "TMPDIR", "SYSTEMROOT"];
const proxies = [
  "https_proxy",
  "HTTPS_PROXY",
  "no_proxy",
  "NO_PROXY",
  "all_proxy",
  "ALL_PROXY",
  "http_proxy",
];

/** Settings of every git that we run: nothing of the user's or the system's, and nothing that runs a program. */
const settings: readonly (readonly [key: string, value: string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.attributesFile", "/dev/null"],
  ["credential.helper", ""],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  // Each fetch stays one file, which is what its size is watched by.
  ["fetch.unpackLimit", "1"],
  ["fetch.recurseSubmodules", "false"],
  ["fetch.writeCommitGraph", "false"],
  ["advice.detachedHead", "false"],
  ["protocol.version", "2"],
  ["protocol.allow", "never"],
];

/** The environment of a git that may not speak with any remote. */
export function localEnvironment(env: Environment): Record<string, string> {
  return { ...base(env, passedOn), ...configuration(settings) };
}

/** The environment of a git that may speak with this remote, by its protocol alone. */
export function remoteEnvironment(
  location: GitLocation,
  access: GitAccess,
  env: Environment,
): Record<string, string> {
  const { transport, url } = location;
  const own: [string, string][] = [
    ["remote.origin.url", url],
    [`protocol.${transport}.allow`, "always"],
  ];
  if (transport === "ssh") {
    const ssh = { GIT_SSH_COMMAND: sshCommand(access, env["GIT_SSH_COMMAND"]), GIT_SSH_VARIANT: "ssh" };
    return {
      ...base(env, [...passedOn, "HOME", "USER", "SSH_AUTH_SOCK"]),
      ...ssh,
      ...configuration([...settings, ...own]),
    };
  }
  own.push(["http.lowSpeedLimit", "1"], ["http.lowSpeedTime", "30"]);
  if (access.token !== undefined) {
    const basic = Buffer.from(`${location.user ?? access.username}:${access.token}`).toString("base64");
    // In the environment and not on a command line, which every user of the machine can read; and for this host alone.
    own.push(
      [`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${basic}`],
      ["http.followRedirects", "false"],
    );
  }
  const caFile = access.caFile ?? env["SSL_CERT_FILE"];
  if (caFile) own.push(["http.sslCAInfo", caFile]);
  return { ...base(env, [...passedOn, ...proxies]), ...configuration([...settings, ...own]) };
}

function base(env: Environment, names: readonly string[]): Record<string, string> {
  const passed = names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  return {
    ...Object.fromEntries(passed),
    // What git says is read by explain-refusal.ts.
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
  };
}

/** Settings as git reads them from its environment (git-config, GIT_CONFIG_COUNT). */
function configuration(all: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const pairs = all.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(all.length), ...Object.fromEntries(pairs) };
}
