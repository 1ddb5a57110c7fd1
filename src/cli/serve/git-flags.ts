import { durationFlag } from "../duration.ts";
import { optionalTextFlag, switchFlag, textFlag } from "../flag.ts";

/** What of a git repository is served, and how to be sure of it. */
export const gitFlags = {
  gitBranch: optionalTextFlag("NAME", "git: the branch to follow", { defaultText: "the remote's default" }),
  gitTag: optionalTextFlag("NAME", "git: the tag to follow"),
  gitCommit: optionalTextFlag("ID", "git: the one commit to serve, all of its digits"),
  gitPath: textFlag("DIR", "git: the folder inside the repository", "."),
  gitPoll: durationFlag("git: how often the remote is asked", "60s"),
  gitTimeout: durationFlag("git: the longest that one exchange with the remote may take", "60s"),
  gitSshKey: optionalTextFlag("FILE", "git: the private key for ssh; else those of the agent"),
  gitKnownHosts: optionalTextFlag("FILE", "git: the ssh hosts to trust; else ssh's own files"),
  gitTokenFile: optionalTextFlag("FILE", "git: a file with the password or token for https"),
  gitUsername: textFlag("NAME", "git: the user that the token is for", "git"),
  gitCaFile: optionalTextFlag("FILE", "git: PEM CAs to trust for https, in place of the system's"),
  gitAllowedSigners: optionalTextFlag("FILE", "git: serve only commits with an ssh signature of these"),
  gitGpgKeyring: optionalTextFlag("FILE", "git: serve only commits with a gpg signature of these keys"),
  gitForbidForcePush: switchFlag("git: do not serve a commit that does not follow the one before"),
};
