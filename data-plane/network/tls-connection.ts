import type { CertificateFacts } from "./certificate-facts.ts";

/** What a TLS handshake came to. */
export interface TlsConnection {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string;
  /** The application protocol that was agreed on; empty: none. */
  readonly alpn: string;
  /** The server name that the client asked for; empty: none. */
  readonly serverName: string;
  /** Of the other side; undefined when it showed none. */
  readonly peer: CertificateFacts | undefined;
  /** True when the peer's certificate was looked at and found good. */
  readonly isPeerValidated: boolean;
  /** Of this side. */
  readonly local: CertificateFacts | undefined;
}
