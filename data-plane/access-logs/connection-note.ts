import { randomUUID } from "node:crypto";
import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { ResponseFlag } from "../network/format/response-flags.ts";
import type { Host, UpstreamConnection } from "../network/upstream.ts";
import type { AccessLogger } from "../resources/extension.ts";

export interface NoteSubject {
  readonly connection: ConnectionInfo;
  readonly hostname: string;
  readonly upstreamCluster: string;
}

/** Gathers what an access log says of one connection while it lasts, and logs it at its end. */
export class ConnectionNote {
  readonly #log: AccessLogger;
  readonly #clock: Clock;
  readonly #subject: NoteSubject;
  readonly #startedAt: number;
  readonly #startedAtMs: number;
  readonly #streamId = randomUUID();
  #upstream: { readonly upstreamHost: Host; readonly upstreamLocal: Address } | undefined;

  constructor(log: AccessLogger, clock: Clock, subject: NoteSubject) {
    this.#log = log;
    this.#clock = clock;
    this.#subject = subject;
    this.#startedAt = clock.monotonic();
    this.#startedAtMs = clock.now();
  }

  /** The upstream connection is up. Its local address is read now: a closed socket has none. */
  connected({ host, local }: UpstreamConnection): void {
    this.#upstream = { upstreamHost: host, upstreamLocal: local };
  }

  /** The connection is over, with so many bytes from and to the client. `flags`: why, where something went wrong. */
  end({ received, sent } = { received: 0, sent: 0 }, flags: readonly ResponseFlag[] = []): void {
    const durationMs = this.#clock.monotonic() - this.#startedAt;
    this.#log({
      ...this.#subject,
      ...this.#upstream,
      transfer: { bytesReceived: received, bytesSent: sent, durationMs },
      outcome: {
        logType: "TcpConnectionEnd",
        startedAtMs: this.#startedAtMs,
        endedAtMs: this.#startedAtMs + durationMs,
        flags,
        streamId: this.#streamId,
      },
    });
  }
}
