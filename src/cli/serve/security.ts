import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { openTokens, type ServedTokens } from "../../server/auth/served-tokens.ts";
import { TokenFileError } from "../../server/auth/tokens.ts";
import type { FollowOptions } from "../../server/follow-files.ts";
import {
  formatListenAddress,
  isLoopback,
  type ListenAddress,
  type ServeAddress,
} from "../../server/listen-address.ts";
import { openTls, type ServedTls } from "../../server/tls/served-tls.ts";
import { TlsFileError } from "../../server/tls/tls-files.ts";
import { CommandError, exitCode } from "../exit-code.ts";

export interface SecurityFlagValues {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly xdsTokenFile: string | undefined;
  readonly adminTokenFile: string | undefined;
  readonly adminInsecure: boolean;
  readonly xdsAddress: ServeAddress;
  readonly adminAddress: ListenAddress;
}

/** Who is let in where. */
export interface Security {
  readonly tls?: ServedTls;
  readonly xdsTokens?: ServedTokens;
  readonly adminTokens?: ServedTokens;
  /** Keeps all of it as the files are, until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
}

/** What the flags ask for, files read. Warns of what others can read. Rejects with `CommandError`. */
export async function securityFromFlags(
  flags: SecurityFlagValues,
  options: FollowOptions & { readonly cwd: string },
): Promise<Security> {
  const { cwd, log } = options;
  checkAdmin(flags);
  const read = { ...options, read: (path: string) => readFile(path) };
  try {
    const tls = await openTlsOf(flags, cwd, { ...read, allowsCertless: flags.xdsTokenFile !== undefined });
    const openTokensOf = (file: string | undefined) =>
      file === undefined ? undefined : openTokens(resolve(cwd, file), read);
    const xdsTokens = await openTokensOf(flags.xdsTokenFile);
    const adminTokens = await openTokensOf(flags.adminTokenFile);
    if (!tls && "host" in flags.xdsAddress && !isLoopback(flags.xdsAddress.host)) {
      const seen = xdsTokens ? ", tokens too" : "";
      log.warn(`xDS is served in plain text to other machines${seen}: --tls-cert and --tls-key protect it`);
    }
    if (!adminTokens && !isLoopback(flags.adminAddress.host)) {
      log.warn("the admin API can be reached from other machines, and asks nobody who they are");
    }
    return {
      ...(tls && { tls }),
      ...(xdsTokens && { xdsTokens }),
      ...(adminTokens && { adminTokens }),
      follow: async (signal) => {
        await Promise.all([tls, xdsTokens, adminTokens].map(async (part) => part?.follow(signal)));
      },
    };
  } catch (error) {
    if (!(error instanceof TlsFileError || error instanceof TokenFileError)) throw error;
    throw new CommandError(exitCode.unreadableInput, error.message, undefined, { cause: error });
  }
}

function checkAdmin({ adminAddress, adminTokenFile, adminInsecure }: SecurityFlagValues): void {
  if (adminTokenFile !== undefined || adminInsecure || isLoopback(adminAddress.host)) return;
  throw new CommandError(
    exitCode.usage,
    `--admin-address ${formatListenAddress(adminAddress)} can be reached from other machines: --admin-token-file is needed`,
    "--admin-insecure serves it to everybody who reaches it",
  );
}

async function openTlsOf(
  { tlsCert, tlsKey, tlsClientCa }: SecurityFlagValues,
  cwd: string,
  options: Parameters<typeof openTls>[1],
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
  const files = { cert: resolve(cwd, tlsCert), key: resolve(cwd, tlsKey) };
  return openTls(
    tlsClientCa === undefined ? files : { ...files, clientCa: resolve(cwd, tlsClientCa) },
    options,
  );
}
