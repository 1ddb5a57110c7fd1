import { type GitFailure, gitFailure, gitWords } from "./git-failure.ts";

/** What git says, in the C locale, and what it means to whoever runs the server; the first that matches counts. */
const meanings: readonly (readonly [said: RegExp, code: string, meaning: string])[] = [
  [
    /Host key verification failed|host key is known for|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "git-denied",
    "the host's key is not the one in the known_hosts file (--git-known-hosts)",
  ],
  [
    /Permission denied|Authentication failed|could not read (Username|Password)|terminal prompts disabled|error: 40[13]|HTTP 40[13]/,
    "git-denied",
    "the remote does not take these credentials (--git-ssh-key, --git-token-file)",
  ],
  [
    /not our ref|unadvertised object|couldn't find remote ref/,
    "git-ref-missing",
    "the remote does not have what is asked for",
  ],
  [
    /unable to update url base from redirection|redirect/,
    "git-unreachable",
    "the remote redirects elsewhere: give the URL that it redirects to",
  ],
  [/No space left on device/, "git-store", "the disk of the state directory is full"],
];

/** The failure of a git command that spoke with the remote. */
export function explainRefusal(url: string, stderr: string): GitFailure {
  const said = gitWords(stderr);
  const [, code, meaning] = meanings.find(([pattern]) => pattern.test(stderr)) ?? [];
  if (code === undefined) return gitFailure("git-unreachable", `${url} cannot be fetched from: ${said}`);
  return gitFailure(code, `${url}: ${meaning}; git says: ${said}`);
}
