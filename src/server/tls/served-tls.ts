import type { ServerCredentials } from "@grpc/grpc-js";
import { followTlsFiles, type FollowTlsOptions } from "./follow-tls-files.ts";
import { ReloadingCredentials } from "./reloading-credentials.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

/** TLS from files, for a server that outlives its certificates. */
export interface ServedTls {
  readonly credentials: ServerCredentials;
  /** Keeps the credentials as the files are, until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
}

/** Reads the files once. Rejects with `TlsFileError` when they cannot be served. */
export async function openTls(
  files: TlsFiles,
  options: Pick<FollowTlsOptions, "read" | "clock" | "log" | "pollMs">,
): Promise<ServedTls> {
  const current = await readTlsFiles(files, options.read);
  const credentials = new ReloadingCredentials(current);
  return {
    credentials,
    follow: (signal) =>
      followTlsFiles({
        ...options,
        files,
        current,
        signal,
        onChange: (material) => credentials.replace(material),
      }),
  };
}
