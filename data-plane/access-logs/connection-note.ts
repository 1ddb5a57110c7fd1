import { randomUUID } from "node:crypto";
import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { AccessLogType } from "../network/format/format-source.ts";
import type { ResponseFlag } from "../network/format/response-flags.ts";
import type { Host, UpstreamConnection } from "../network/upstream.ts";
import type { AccessLogger } from "../resources/extension.ts";

export interface NoteSubject {
  readonly connection: ConnectionInfo;
  readonly hostname: string;
}

/** What has gone over the connection so far. */
export interface NotedBytes {
  readonly received: number;
  readonly sent: number;
}

const noBytes: NotedBytes = { received: 0, sent: 0 };

/** Gathers what access logs say of one connection while it lasts, and writes entries when it is told to. */
export class ConnectionNote {
  readonly #log: AccessLogger;
  readonly #clock: Clock;
  readonly #subject: NoteSubject;
  readonly #startedAt: number;
  readonly #startedAtMs: number;
  readonly #streamId = randomUUID();
  readonly #flags: ResponseFlag[] = [];
  /** How often a host of the cluster was tried. */
  attempts = 0;
  #cluster: string | undefined;
  #host: Host | undefined;
  #local: Address | undefined;
  #failure: string | undefined;
  #terminationDetails: string | undefined;

  /** `startedAt`: when the connection began, by the clock that goes forward only; now unless given. */
  constructor(log: AccessLogger, clock: Clock, subject: NoteSubject, startedAt = clock.monotonic()) {
    this.#log = log;
    this.#clock = clock;
    this.#subject = subject;
    this.#startedAt = startedAt;
    this.#startedAtMs = clock.now() - (clock.monotonic() - startedAt);
  }

  /** There is a cluster of the name that was chosen. */
  chosen(cluster: string): void {
    this.#cluster = cluster;
  }

  /** The host that was tried could not be reached. What is said of it stays, even when another one then could. */
  failed(host: Host | undefined, reason: string | undefined): void {
    if (host) this.#host = host;
    this.#failure = reason ?? this.#failure;
  }

  /** The upstream connection is up. Its local address is read now: a closed socket has none. */
  connected({ host, local }: UpstreamConnection): void {
    this.#host = host;
    this.#local = local;
  }

  flag(flag: ResponseFlag): void {
    this.#flags.push(flag);
  }

  /** `%CONNECTION_TERMINATION_DETAILS%` */
  terminated(details: string): void {
    this.#terminationDetails = details;
  }

  /** Writes an entry of how things stand. */
  write(logType: AccessLogType, { received, sent }: NotedBytes = noBytes): void {
    const durationMs = this.#clock.monotonic() - this.#startedAt;
    this.#log({
      ...this.#subject,
      upstreamCluster: this.#cluster,
      upstreamHost: this.#host,
      upstreamLocal: this.#local,
      transfer: { bytesReceived: received, bytesSent: sent, durationMs },
      outcome: {
        logType,
        startedAtMs: this.#startedAtMs,
        endedAtMs: this.#startedAtMs + durationMs,
        flags: this.#flags,
        attempts: this.attempts,
        upstreamFailure: this.#failure,
        terminationDetails: this.#terminationDetails ?? this.#subject.connection.terminationDetails,
        streamId: this.#streamId,
      },
    });
  }
}
