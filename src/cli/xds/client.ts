import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  Client,
  credentials,
  type ChannelCredentials,
  type ClientDuplexStream,
  Metadata,
} from "@grpc/grpc-js";
import { formatListenAddress, type ListenAddress } from "../../server/listen-address.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { readToken } from "../read-token.ts";
import type { Terminal } from "../terminal.ts";

export interface XdsClientFlags {
  readonly server: ListenAddress;
  readonly tokenFile: string | undefined;
  readonly caCert: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
}

/** A connection to an xDS server. */
export interface XdsClient extends AsyncDisposable {
  readonly where: string;
  /** Opens a stream of bytes. */
  open(path: string): ClientDuplexStream<Buffer, Buffer>;
}

const raw = (bytes: Buffer) => bytes;

/** Connects when the first stream is opened. Rejects with `CommandError` for a file that cannot be read. */
export async function openClient(flags: XdsClientFlags, terminal: Terminal): Promise<XdsClient> {
  const where = formatListenAddress(flags.server);
  const token = await readToken(flags.tokenFile, terminal);
  const client = new Client(where, await credentialsOf(flags, terminal), {
    "grpc.max_receive_message_length": -1,
  });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  return {
    where,
    open: (path) => client.makeBidiStreamRequest(path, raw, raw, metadata),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

async function credentialsOf(
  { caCert, clientCert, clientKey }: XdsClientFlags,
  { cwd }: Terminal,
): Promise<ChannelCredentials> {
  const read = async (path: string | undefined) =>
    path === undefined
      ? null
      : readFile(resolve(cwd, path)).catch((error: NodeJS.ErrnoException) => {
          const reason = error.code ?? error.message;
          throw new CommandError(exitCode.unreadableInput, `${path} cannot be read: ${reason}`, undefined, {
            cause: error,
          });
        });
  if ((clientCert === undefined) !== (clientKey === undefined))
    throw new CommandError(exitCode.usage, "--client-cert and --client-key belong together");
  if (caCert === undefined && clientCert === undefined) return credentials.createInsecure();
  return credentials.createSsl(await read(caCert), await read(clientKey), await read(clientCert));
}
