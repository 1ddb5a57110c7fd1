import type { BodyFraming } from "../http-codec/body-framing.ts";
import { MessageReader } from "../http-codec/message-reader.ts";
import { readStatusLine, type StatusLine } from "../http-codec/start-line.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { HttpCheckerConfig } from "../resources/health-check.ts";
import type { CheckConnection, DialForCheck } from "./check-connection.ts";
import { checkHeaders, type CheckSubject } from "./check-request.ts";
import { CheckedBody, httpOutcome } from "./http-outcome.ts";
import type { Probe, ReportOutcome } from "./probe.ts";
import { networkFailure } from "./probe.ts";

const limits = { maxHeadBytes: 60 * 1024, maxHeaders: 100 };

export interface HttpProbeOptions {
  readonly config: HttpCheckerConfig;
  readonly subject: CheckSubject;
  readonly isKept: boolean;
  readonly dial: DialForCheck;
  readonly report: ReportOutcome;
  readonly onServiceVerified: () => void;
}

type State =
  | { readonly kind: "none" }
  | { readonly kind: "dialing"; readonly cancel: () => void }
  /** Between two checks. */
  | { readonly kind: "idle"; readonly open: Open }
  | { readonly kind: "waiting"; readonly open: Open };

interface Open {
  readonly connection: CheckConnection;
  readonly reader: MessageReader<StatusLine>;
}

const none: State = { kind: "none" };

/** An HTTP check in HTTP/1.1: one request and its response. */
export class Http1Probe implements Probe {
  readonly #options: HttpProbeOptions;
  readonly #body: CheckedBody;
  #state: State = none;
  #response: { readonly status: number; readonly headers: HeaderList; readonly isLast: boolean } | undefined;

  constructor(options: HttpProbeOptions) {
    this.#options = options;
    this.#body = new CheckedBody(options.config);
  }

  begin(): void {
    const state = this.#state;
    if (state.kind === "idle") {
      state.open.reader.next();
      return this.#send(state.open, undefined);
    }
    const cancel = this.#options.dial(
      (connection) => this.#onConnected(connection),
      () => {
        this.#state = none;
        this.#options.report(networkFailure);
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
    this.#response = undefined;
    this.#body.take();
    if (state.kind === "dialing") state.cancel();
    else if (state.kind !== "none") state.open.connection.socket.destroy();
  }

  #onConnected(connection: CheckConnection): void {
    const reader = new MessageReader(readStatusLine, false, limits, {
      onHead: ({ status, isOld }, headers, framing) => this.#onHead(status, isOld, headers, framing),
      onData: (data) => this.#body.add(data),
      onEnd: () => this.#onResponse(),
    });
    const open: Open = { connection, reader };
    const { socket } = connection;
    socket.on("data", (bytes: Buffer) => {
      if (this.#isOn(open)) this.#onBytes(open, bytes);
    });
    const onEnd = () => {
      if (this.#isOn(open)) this.#onEnd(open);
    };
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    this.#send(open, connection.header);
  }

  #send(open: Open, prefix: Buffer | undefined): void {
    this.#state = { kind: "waiting", open };
    const { config, subject } = this.#options;
    let head = `${config.method} ${config.path} HTTP/1.1\r\nhost: ${subject.authority}\r\n`;
    const { flat } = checkHeaders(config, subject, "HTTP/1.1");
    for (let at = 0; at < flat.length; at += 2) head += `${flat[at]!}: ${flat[at + 1]!}\r\n`;
    const parts = [prefix ?? Buffer.alloc(0), Buffer.from(`${head}\r\n`, "latin1"), config.send];
    open.connection.socket.write(Buffer.concat(parts));
  }

  #isOn(open: Open): boolean {
    const state = this.#state;
    return (state.kind === "idle" || state.kind === "waiting") && state.open === open;
  }

  #onBytes(open: Open, bytes: Buffer): void {
    const read = open.reader.read(bytes);
    if (!this.#isOn(open)) return;
    // Bytes that no check asked for make the connection useless, but are no failure.
    if (open.reader.error || read < bytes.length) this.#broken();
  }

  #onEnd(open: Open): void {
    open.reader.end();
    if (this.#isOn(open)) this.#broken();
  }

  /** The connection is of no use any more, which fails a check that waits for its response. */
  #broken(): void {
    const isWaiting = this.#state.kind === "waiting";
    this.close();
    if (isWaiting) this.#options.report(networkFailure);
  }

  #onHead(status: number, isOld: boolean, headers: HeaderList, framing: BodyFraming) {
    if (status < 200 && status !== 101) return "interim";
    const hasNoBody = this.#options.config.method === "HEAD" || status === 204 || status === 304;
    this.#response = { status, headers, isLast: isLastOf(headers, isOld, framing, hasNoBody) };
    return hasNoBody || status === 101 ? "no-body" : "body";
  }

  #onResponse(): void {
    const { config, report, isKept, onServiceVerified } = this.#options;
    const state = this.#state;
    const response = this.#response;
    if (state.kind !== "waiting" || !response) return;
    const { status, headers, isLast } = response;
    const outcome = httpOutcome(config, { status, headers, body: this.#body.take() }, onServiceVerified);
    this.#response = undefined;
    if (isKept && !isLast) this.#state = { kind: "idle", open: state.open };
    else this.close();
    report(outcome);
  }
}

/** True when no other request may follow on the connection. */
function isLastOf(headers: HeaderList, isOld: boolean, framing: BodyFraming, hasNoBody: boolean): boolean {
  const connection = (headers.all("connection") ?? "").toLowerCase();
  const tokens = connection.split(",").map((token) => token.trim());
  if (isOld ? !tokens.includes("keep-alive") : tokens.includes("close")) return true;
  return !hasNoBody && framing.kind === "until-close";
}
