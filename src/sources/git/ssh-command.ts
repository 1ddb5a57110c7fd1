/** The files that ssh is given. Whole paths. */
export interface SshFiles {
  readonly sshKey?: string;
  readonly knownHosts?: string;
}

/**
 * The command that git runs in place of `ssh`, for its shell. The host has to be one that is known, and nothing is asked of a person
 * who is not there. A command of the user's own (`GIT_SSH_COMMAND`) gets the same options behind its own.
 */
export function sshCommand({ sshKey, knownHosts }: SshFiles, own?: string): string {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ConnectTimeout=15",
    "ServerAliveInterval=10",
  ];
  options.push("ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no");
  if (knownHosts !== undefined) {
    options.push(`UserKnownHostsFile=${sshPath(knownHosts)}`, "GlobalKnownHostsFile=/dev/null");
  }
  if (sshKey !== undefined) options.push(`IdentityFile=${sshPath(sshKey)}`, "IdentitiesOnly=yes");
  const words = options.map((option) => `-o ${shellQuoted(option)}`).join(" ");
  // Without a command of the user's own, the user's ssh_config is not read either.
  return own ? `${own} ${words}` : `ssh -F none ${words}`;
}

/**
 * Why a command of the user's own must not be used, or undefined when it may: the first value of an option counts with ssh, so
 * these would win over ours.
 */
export function sshCommandProblem(own: string | undefined): string | undefined {
  const found = /StrictHostKeyChecking|UserKnownHostsFile|GlobalKnownHostsFile|CheckHostIP/i.exec(
    own ?? "",
  )?.[0];
  return found && `GIT_SSH_COMMAND sets ${found}; hosts are always checked: use --git-known-hosts`;
}

/** Why a path cannot be given to ssh, or undefined when it can. */
export function sshPathProblem(path: string): string | undefined {
  return /["$\\\n]/.test(path)
    ? `${JSON.stringify(path)}: ssh takes no path with these characters`
    : undefined;
}

/** ssh parts words at spaces and expands `%` in paths. */
function sshPath(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
