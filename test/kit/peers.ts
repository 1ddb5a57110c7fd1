import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs of others that tests and benchmarks compare us with, or use. */
export type PeerName =
  | "envoy"
  | "haproxy"
  | "nginx"
  | "chromium"
  | "go"
  | "grpcurl"
  | "python"
  | "docker-compose"
  | "git"
  | "gpg"
  | "ssh-keygen"
  | "sshd"
  | "strace"
  | "openssl"
  | "wrk";

interface Peer {
  /** An environment variable with the path of the program; it wins. */
  readonly variable: string;
  /** Where scripts/install-peers puts it, relative to the repository. */
  readonly installed: () => string | undefined;
  /** Names to look for in PATH. */
  readonly commands: readonly string[];
}

const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));
/** Debian keeps daemons out of the PATH of ordinary users. */
const extraFolders = ["/usr/sbin", "/sbin"];

const peers: Readonly<Record<PeerName, Peer>> = {
  envoy: { variable: "ENVOY_BIN", installed: installedEnvoy, commands: ["envoy"] },
  haproxy: { variable: "HAPROXY_BIN", installed: nowhere, commands: ["haproxy"] },
  nginx: { variable: "NGINX_BIN", installed: nowhere, commands: ["nginx"] },
  chromium: {
    variable: "CHROMIUM_BIN",
    installed: nowhere,
    commands: ["chromium", "chromium-browser", "google-chrome"],
  },
  "docker-compose": { variable: "DOCKER_COMPOSE_BIN", installed: nowhere, commands: ["docker-compose"] },
  git: { variable: "GIT_BIN", installed: nowhere, commands: ["git"] },
  gpg: { variable: "GPG_BIN", installed: nowhere, commands: ["gpg"] },
  "ssh-keygen": { variable: "SSH_KEYGEN_BIN", installed: nowhere, commands: ["ssh-keygen"] },
  sshd: { variable: "SSHD_BIN", installed: nowhere, commands: ["sshd"] },
  strace: { variable: "STRACE_BIN", installed: nowhere, commands: ["strace"] },
  openssl: { variable: "OPENSSL_BIN", installed: nowhere, commands: ["openssl"] },
  wrk: { variable: "WRK_BIN", installed: nowhere, commands: ["wrk"] },
  grpcurl: {
    variable: "GRPCURL_BIN",
    installed: () => ".peers/bin/grpcurl",
    commands: ["grpcurl"],
  },
  go: { variable: "GO_BIN", installed: nowhere, commands: ["go"] },
  // Only the one with xds-protos in it is of use: the system's own does not have it.
  python: { variable: "PYTHON_BIN", installed: () => ".peers/bin/python3", commands: [] },
};

/** The path of a peer's program, or undefined when it is not on this machine. */
export function findPeer(name: PeerName): string | undefined {
  const peer = peers[name];
  const named = process.env[peer.variable];
  if (named) return isExecutable(named) ? named : undefined;
  const installed = peer.installed();
  if (installed && isExecutable(join(root, installed))) return join(root, installed);
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...extraFolders];
  for (const command of peer.commands) {
    const found = folders.map((folder) => join(folder, command)).find(isExecutable);
    if (found) return found;
  }
  return undefined;
}

/** The path of a peer's program. Throws, with what to do about it, when it is not on this machine. */
export function peerPath(name: PeerName): string {
  const path = findPeer(name);
  if (!path) throw new Error(peerHint(name));
  return path;
}

/**
 * Options for `describe` or `it` that need peers: skipped by name with what to install where one is missing. With CI=true nothing is
 * skipped, so that the test fails.
 */
export function needs(...names: readonly PeerName[]): { readonly skip?: string } {
  const missing = names.find((name) => findPeer(name) === undefined);
  if (missing === undefined || process.env["CI"] === "true") return {};
  return { skip: peerHint(missing) };
}

/** What to do where a peer is missing. */
export function peerHint(name: PeerName): string {
  const what = `${name} is not on this machine: run scripts/install-peers or set ${peers[name].variable}`;
  return name === "go" ? `${what} (Go: https://go.dev/dl/)` : what;
}

/** The wheel's own launcher is a Python script; the binary itself starts sooner and is the process to stop. */
function installedEnvoy(): string | undefined {
  let versions: string[];
  try {
    versions = readdirSync(join(root, ".peers/lib"));
  } catch {
    return undefined; // No such folder: scripts/install-peers has not been run.
  }
  const python = versions.find((version) => version.startsWith("python3"));
  return python && join(".peers/lib", python, "site-packages/envoy/_bin/envoy");
}

function nowhere(): undefined {
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not ours to run: the same to the caller.
  }
}
