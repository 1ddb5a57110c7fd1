import type { StatsStore } from "../stats/stats-store.ts";
import { Tally } from "../stats/tally.ts";
import type { TlsConnection } from "../network/tls-connection.ts";

const counterNames = [
  "connection_error",
  "fail_verify_cert_hash",
  "fail_verify_error",
  "fail_verify_no_cert",
  "fail_verify_san",
  "handshake",
  "no_certificate",
  "ocsp_staple_failed",
  "ocsp_staple_omitted",
  "ocsp_staple_requests",
  "ocsp_staple_responses",
  "session_reused",
  "was_key_usage_invalid",
] as const;

/** The statistics of the TLS of a listener or a cluster, under `<scope>.ssl.`. */
export class TlsStats {
  readonly counters;
  readonly #ciphers: Tally;
  readonly #versions: Tally;

  constructor(stats: StatsStore, scope: string) {
    this.counters = stats.counters(`${scope}.ssl`, counterNames);
    this.#ciphers = new Tally(stats, `${scope}.ssl.ciphers`);
    this.#versions = new Tally(stats, `${scope}.ssl.versions`);
  }

  /** Counts a handshake that came to its end. */
  countHandshake({ cipher, version, peer }: TlsConnection, isReused: boolean): void {
    this.counters.handshake += 1;
    if (isReused) this.counters.session_reused += 1;
    if (!peer) this.counters.no_certificate += 1;
    this.#ciphers.add(cipher);
    this.#versions.add(version);
  }

  /** Counts one that the library gave up. What broke under TLS is counted elsewhere, as in Envoy. */
  countFailure(code: string): void {
    if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") this.counters.fail_verify_no_cert += 1;
    else if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_OSSL_")) this.counters.connection_error += 1;
  }
}
