import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { openTls, type ServedTls } from "../../server/tls/served-tls.ts";
import { TlsFileError } from "../../server/tls/tls-files.ts";
import { CommandError, exitCode } from "../exit-code.ts";

export interface TlsFlagValues {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
}

/** The TLS that the flags ask for, or undefined for plain text. Rejects with `CommandError`. */
export async function tlsFromFlags(
  { tlsCert, tlsKey, tlsClientCa }: TlsFlagValues,
  { cwd, clock, log }: { readonly cwd: string; readonly clock: Clock; readonly log: Log },
): Promise<ServedTls | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) {
    if (tlsClientCa === undefined) return undefined;
    throw new CommandError(exitCode.usage, "--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    const [given, missing] =
      tlsCert === undefined ? ["--tls-key", "--tls-cert"] : ["--tls-cert", "--tls-key"];
    throw new CommandError(exitCode.usage, `${given} needs ${missing}`);
  }
  const files = {
    cert: resolve(cwd, tlsCert),
    key: resolve(cwd, tlsKey),
    ...(tlsClientCa !== undefined && { clientCa: resolve(cwd, tlsClientCa) }),
  };
  try {
    return await openTls(files, { read: (path) => readFile(path), clock, log });
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    throw new CommandError(exitCode.unreadableInput, error.message, undefined, { cause: error });
  }
}
