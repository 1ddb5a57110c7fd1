import { encodeV1, encodeV2 } from "../proxy-protocol/encode-header.ts";
import type { TcpCheckerConfig } from "../resources/health-check.ts";
import type { CheckConnection, DialForCheck } from "./check-connection.ts";
import { holdsInOrder } from "./payload.ts";
import type { Probe, ReportOutcome } from "./probe.ts";
import { networkFailure, passed } from "./probe.ts";

/** What is kept of an answer that does not hold what is looked for; one that is longer fails by the timeout. */
const MAX_ANSWER_BYTES = 64 * 1024;

const noBytes: Buffer = Buffer.alloc(0);

type State =
  | { readonly kind: "none" }
  | { readonly kind: "dialing"; readonly cancel: () => void }
  | { readonly kind: "open"; readonly connection: CheckConnection };

const none: State = { kind: "none" };

/**
 * A TCP check: a payload out, payloads back. Without any to come back it is enough to be connected, and not a byte goes out (PP-120).
 * A kept connection that the host closes is a failure even between two checks.
 */
export class TcpProbe implements Probe {
  readonly #config: TcpCheckerConfig;
  readonly #isKept: boolean;
  readonly #dial: DialForCheck;
  readonly #report: ReportOutcome;
  #state: State = none;
  #received = noBytes;

  constructor(config: TcpCheckerConfig, isKept: boolean, dial: DialForCheck, report: ReportOutcome) {
    this.#config = config;
    this.#isKept = isKept;
    this.#dial = dial;
    this.#report = report;
  }

  begin(): void {
    if (this.#state.kind === "open") return this.#send(this.#state.connection, undefined);
    const cancel = this.#dial(
      (connection) => this.#onConnected(connection),
      () => {
        this.#state = none;
        this.#report(networkFailure);
      },
    );
    this.#state = { kind: "dialing", cancel };
  }

  giveUp(): void {
    this.close();
  }

  close(): void {
    const state = this.#state;
    this.#state = none;
    this.#received = noBytes;
    if (state.kind === "dialing") state.cancel();
    if (state.kind === "open") state.connection.socket.destroy();
  }

  #onConnected(connection: CheckConnection): void {
    const { socket } = connection;
    if (this.#config.receive.length === 0) {
      this.#state = none;
      socket.destroy();
      return this.#report(passed);
    }
    this.#state = { kind: "open", connection };
    const isCurrent = () => this.#state.kind === "open" && this.#state.connection === connection;
    socket.on("data", (bytes: Buffer) => {
      if (isCurrent()) this.#onBytes(bytes);
    });
    const onEnd = () => {
      if (!isCurrent()) return;
      this.close();
      this.#report(networkFailure);
    };
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    this.#send(connection, connection.header);
  }

  #send({ socket, local, remote }: CheckConnection, transportHeader: Buffer | undefined): void {
    const { send, proxyProtocol } = this.#config;
    const parts = [transportHeader ?? noBytes, ownHeader(proxyProtocol, local, remote), send];
    const bytes = Buffer.concat(parts);
    if (bytes.length > 0) socket.write(bytes);
  }

  #onBytes(bytes: Buffer): void {
    if (this.#received.length > MAX_ANSWER_BYTES) return;
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (!holdsInOrder(this.#config.receive, this.#received)) return;
    this.#received = noBytes;
    if (!this.#isKept) this.close();
    this.#report(passed);
  }
}

/** The header of `proxy_protocol_config`: in V2 there is nobody to tell of, V1 tells of the check's own connection (PP-121). */
function ownHeader(
  version: TcpCheckerConfig["proxyProtocol"],
  local: CheckConnection["local"],
  remote: CheckConnection["remote"],
): Buffer {
  if (version === undefined) return noBytes;
  if (version === "V2") return encodeV2(undefined, []).bytes;
  const isPair = local.family !== "pipe" && remote.family !== "pipe";
  return encodeV1(isPair ? { source: local, destination: remote } : undefined);
}
