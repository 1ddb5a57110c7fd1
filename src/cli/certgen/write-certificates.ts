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
}

/**
 * Issues a CA and the leaves into a folder, and returns the names of the files. They are made aside and moved in when all
 * of them are there. Rejects with `CommandError` when one is there already, and nothing is changed then.
 */
export async function writeCertificates(
  folder: string,
  leaves: readonly Leaf[],
  { openssl, days, trustDomain, force }: WriteOptions,
): Promise<readonly string[]> {
  const names = ["ca", ...leaves.map(({ file }) => file)].flatMap((file) => [`${file}.crt`, `${file}.key`]);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(cannotWrite);
  if (!force) await refuseExisting(folder, names);
  const aside = await mkdtemp(join(folder, ".new-")).catch(cannotWrite);
  try {
    const issuer = new Issuer(aside, { openssl, days });
    await issuer.makeCa(`${trustDomain} test CA`);
    for (const leaf of leaves) await issuer.issue(leaf);
    for (const name of names) await rename(join(aside, name), join(folder, name));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return names;
}

async function refuseExisting(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const isThere = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const hint = "--force replaces all of them: what was issued before is not of the new CA";
    throw new CommandError(exitCode.failure, `${join(folder, name)} is there already`, hint);
  }
}

function cannotWrite(cause: unknown): never {
  const reason = errorMessage(cause);
  throw new CommandError(exitCode.failure, `cannot write certificates: ${reason}`, undefined, { cause });
}
