import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { errorMessage } from "../../base/error-message.ts";

/** Where the server's certificate, its key and the CA of its clients are. PEM. */
export interface TlsFiles {
  /** The certificate, followed by the intermediate ones. */
  readonly cert: string;
  readonly key: string;
  /** CAs that clients must have a certificate from; without it clients need none. */
  readonly clientCa?: string;
}

/** What the files held at one moment, in agreement with each other. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

/** The files cannot be served; the message names the file and never shows its content. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
}

export type ReadFile = (path: string) => Promise<Buffer>;

/** Reads the files and makes sure that they work together. Rejects with `TlsFileError`. */
export async function readTlsFiles(files: TlsFiles, read: ReadFile): Promise<TlsMaterial> {
  const readOne = (path: string) =>
    read(path).catch((error: NodeJS.ErrnoException) => {
      throw new TlsFileError(`${path} cannot be read: ${error.code ?? error.message}`, { cause: error });
    });
  const [cert, key, clientCa] = await Promise.all([
    readOne(files.cert),
    readOne(files.key),
    files.clientCa === undefined ? undefined : readOne(files.clientCa),
  ]);
  parseCertificates(files.cert, cert);
  if (files.clientCa !== undefined && clientCa) parseCertificates(files.clientCa, clientCa);
  const material = { cert, key, ...(clientCa && { clientCa }) };
  try {
    createSecureContext({ cert, key, ...(clientCa && { ca: clientCa }) });
  } catch (error) {
    const reason = errorMessage(error);
    throw new TlsFileError(`${files.cert} and ${files.key} do not work together: ${reason}`, {
      cause: error,
    });
  }
  return material;
}

function parseCertificates(path: string, pem: Buffer): readonly X509Certificate[] {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!blocks) throw new TlsFileError(`${path} has no certificate: expected PEM`);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new TlsFileError(`${path} has a certificate that cannot be read`, { cause: error });
    }
  });
}
