import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { Issuer } from "./issue.ts";
import type { Leaf } from "./plan-certificates.ts";

export interface WriteOptions {
  readonly openssl: string;
  readonly days: number;
  readonly trustDomain: string;
  /** Replace files that are there. */
  readonly force: boolean;
  /** The CA is the one that is in the folder. */
  readonly add: boolean;
}

/**
 * Issues a CA, unless it is there to `add` to, and the leaves into a folder, and returns the names of the files. They are made
 * aside and moved in when all of them are there. Rejects with `CommandError` when one is there already, and nothing is changed then.
 */
export async function writeCertificates(
  folder: string,
  leaves: readonly Leaf[],
  { openssl, days, trustDomain, force, add }: WriteOptions,
): Promise<readonly string[]> {
  const files = leaves.map(({ file }) => file);
  const names = (add ? files : ["ca", ...files]).flatMap((file) => [`${file}.crt`, `${file}.key`]);
  if (add) await requireCa(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(cannotWrite);
  if (!force) await refuseExisting(folder, names, add);
  const aside = await mkdtemp(join(folder, ".new-")).catch(cannotWrite);
  try {
    const issuer = new Issuer(aside, { openssl, days, caFolder: add ? folder : aside });
    if (!add) await issuer.makeCa(`${trustDomain} test CA`);
    for (const leaf of leaves) await issuer.issue(leaf);
    for (const name of names) await rename(join(aside, name), join(folder, name));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return names;
}

async function requireCa(folder: string): Promise<void> {
  for (const name of ["ca.crt", "ca.key"]) {
    if (await isThere(folder, name)) continue;
    const hint = "--add issues by the CA that an earlier certgen made there; without it one is made";
    throw new CommandError(exitCode.failure, `there is no ${join(folder, name)}`, hint);
  }
}

async function refuseExisting(folder: string, names: readonly string[], add: boolean): Promise<void> {
  for (const name of names) {
    if (!(await isThere(folder, name))) continue;
    const hint = add
      ? "--force replaces it"
      : "--add issues for further nodes by the CA that is there; --force replaces all files: what was issued before is not of the new CA";
    throw new CommandError(exitCode.failure, `${join(folder, name)} is there already`, hint);
  }
}

async function isThere(folder: string, name: string): Promise<boolean> {
  return access(join(folder, name)).then(
    () => true,
    () => false,
  );
}

function cannotWrite(cause: unknown): never {
  const reason = errorMessage(cause);
  throw new CommandError(exitCode.failure, `cannot write certificates: ${reason}`, undefined, { cause });
}
