import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import { gitFailure, gitWords } from "./git-failure.ts";
import type { Repository } from "./repository.ts";
import type { RunProgram } from "../run-program.ts";

/** Who may sign commits; with both, one of either. Whole paths, read at each look. */
export interface Signers {
  /** As ssh-keygen reads it (ssh-keygen(1), ALLOWED SIGNERS). */
  readonly allowedSigners?: string;
  /** Public keys as `gpg --export` writes them, armored or not. */
  readonly gpgKeyring?: string;
}

export interface VerifyOptions {
  readonly signers: Signers;
  /** A folder for gpg's own files. */
  readonly folder: string;
  /** The environment of gpg. */
  readonly env: Readonly<Record<string, string>>;
  readonly run: RunProgram;
  readonly signal: AbortSignal;
}

/**
 * Throws `GitFailure` unless the commit is signed by one of these. A kind of signature that no file was given for is not accepted,
 * whatever keys the user who runs this has.
 */
export async function verifyCommit(
  repository: Repository,
  commit: string,
  options: VerifyOptions,
): Promise<void> {
  const { signers, signal } = options;
  const { allowedSigners, gpgKeyring } = signers;
  const home = gpgKeyring === undefined ? undefined : await importKeys(gpgKeyring, options);
  if (allowedSigners !== undefined) await readable(allowedSigners);
  const settings = [
    "gpg.minTrustLevel=fully",
    `gpg.ssh.allowedSignersFile=${allowedSigners ?? "/dev/null"}`,
    `gpg.openpgp.program=${home === undefined ? "false" : "gpg"}`,
    "gpg.x509.program=false",
    `gpg.ssh.program=${allowedSigners === undefined ? "false" : "ssh-keygen"}`,
  ].flatMap((setting) => ["-c", setting]);
  const env = home === undefined ? {} : { GNUPGHOME: home };
  const result = await repository.git([...settings, "verify-commit", "--raw", commit], { signal, env });
  if (result.code === 0) return;
  const short = `commit ${commit.slice(0, 12)}`;
  // git says nothing at all of a commit without a signature.
  const reason =
    result.stderr.trim() === ""
      ? "is not signed, or not in a way that is taken here"
      : `is not signed by an allowed signer: ${gitWords(result.stderr)}`;
  throw gitFailure("git-signature", `${short} ${reason}`);
}

/** A keyring of its own, so that neither the user's keys nor the trust they gave them have a say. */
async function importKeys(keyring: string, { folder, env, run, signal }: VerifyOptions): Promise<string> {
  const keys = await readable(keyring);
  const home = join(folder, `gpg-${createHash("sha256").update(keys).digest("hex").slice(0, 12)}`);
  if ((await readFile(join(home, "done"), "utf8").catch(() => "")) !== "") return home;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true, mode: 0o700 });
  // The keys in the file are the ones that are trusted: that is what the file is for.
  await writeFile(join(home, "gpg.conf"), "trust-model always\nno-auto-key-retrieve\n");
  const args = ["--homedir", home, "--batch", "--quiet", "--no-autostart", "--import", keyring];
  const result = await run({ program: "gpg", args, env, cwd: home, stdoutMaxBytes: 64 * 1024, signal });
  if (result.kind !== "ended" || result.code !== 0) {
    const reason = result.kind === "ended" ? gitWords(result.stderr) : result.kind;
    throw gitFailure("git-signature", `${keyring} cannot be imported by gpg: ${reason}`);
  }
  await writeFile(join(home, "done"), "done\n");
  return home;
}

async function readable(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = errorMessage(error);
    throw gitFailure("git-signature", `signers cannot be known: ${reason}`);
  }
}
