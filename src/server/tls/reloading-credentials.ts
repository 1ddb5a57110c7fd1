import { ServerCredentials } from "@grpc/grpc-js";
import type { TlsMaterial } from "./tls-files.ts";

/** A client that does not finish its handshake in this time is let go. */
const handshakeTimeoutMs = 10_000;

function contextOf({ cert, key, clientCa }: TlsMaterial) {
  return { cert, key, ...(clientCa && { ca: clientCa }) };
}

/**
 * TLS for a gRPC server whose certificate, key and client CA can be replaced while it listens; connections that are
 * open keep what they were made with (XDS-136). With a client CA a client without a certificate of it gets no further
 * than the handshake, unless that is allowed; whether there is a CA is settled for good by the first material.
 */
export class ReloadingCredentials extends ServerCredentials {
  constructor(material: TlsMaterial, allowsCertless: boolean) {
    const isMutual = material.clientCa !== undefined;
    super(
      {
        requestCert: isMutual,
        rejectUnauthorized: isMutual && !allowsCertless,
        minVersion: "TLSv1.2",
        handshakeTimeout: handshakeTimeoutMs,
      },
      contextOf(material),
    );
  }

  /** New connections are made with this. */
  replace(material: TlsMaterial): void {
    this.updateSecureContextOptions(contextOf(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
