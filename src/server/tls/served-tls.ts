import type { ServerCredentials } from "@grpc/grpc-js";
import { Current, type Watched } from "../../base/current.ts";
import { contentHash } from "../../config/content-hash.ts";
import { followFiles, type FollowOptions } from "../follow-files.ts";
import { ReloadingCredentials } from "./reloading-credentials.ts";
import { readTlsFiles, type ReadFile, type TlsFiles, type TlsMaterial } from "./tls-files.ts";

/** TLS from files, for a server that outlives its certificates. */
export interface ServedTls {
  readonly credentials: ServerCredentials;
  /** What the credentials are made from, for servers elsewhere that are to have the same. */
  readonly material: Watched<TlsMaterial>;
  /** Whether clients without a certificate get through the handshake. */
  readonly allowsCertless: boolean;
  /** Keeps the credentials as the files are, until the signal aborts (XDS-136). */
  follow(signal: AbortSignal): Promise<void>;
}

export interface TlsOptions extends FollowOptions {
  readonly read: ReadFile;
  /** Lets clients without a certificate through the handshake, for a token to stand in (XDS-138). Default false. */
  readonly allowsCertless?: boolean;
}

/** Reads the files once. Rejects with `TlsFileError` when they cannot be served. */
export async function openTls(files: TlsFiles, options: TlsOptions): Promise<ServedTls> {
  const read = () => readTlsFiles(files, options.read);
  const current = await read();
  const { allowsCertless = false } = options;
  const credentials = new ReloadingCredentials(current, allowsCertless);
  const material = new Current(current);
  material.onChange((next) => credentials.replace(next));
  const onChange = (next: TlsMaterial) => material.replace(next);
  const { cert, key, clientCa } = files;
  const paths = [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
  const what = "certificates";
  return {
    credentials,
    material,
    allowsCertless,
    follow: (signal) => followFiles({ what, paths, current, read, hashOf, onChange }, options, signal),
  };
}

function hashOf({ cert, key, clientCa }: TlsMaterial): string {
  return contentHash(cert, key, clientCa ?? "");
}
