import { HeaderList } from "../network/header-list.ts";
import { checkHeaders } from "./check-request.ts";
import type { HttpProbeOptions } from "./http1-probe.ts";
import { Http2CheckSession } from "./http2-check-session.ts";
import { CheckedBody, httpOutcome } from "./http-outcome.ts";
import type { Probe } from "./probe.ts";
import { networkFailure } from "./probe.ts";

/** An HTTP check in HTTP/2. */
export class Http2Probe implements Probe {
  readonly #options: HttpProbeOptions;
  readonly #session: Http2CheckSession;

  constructor(options: HttpProbeOptions) {
    this.#options = options;
    this.#session = new Http2CheckSession(options.dial);
  }

  begin(): void {
    const { config, subject, report, isKept, onServiceVerified } = this.#options;
    const body = new CheckedBody(config);
    let status = 0;
    let headers = new HeaderList();
    this.#session.request(
      {
        scheme: subject.scheme,
        pseudoHeaders: { ":method": config.method, ":authority": subject.authority, ":path": config.path },
        headers: checkHeaders(config, subject, "HTTP/2"),
        body: config.send,
      },
      {
        onHead: (received, fields) => {
          status = received;
          headers = new HeaderList([...fields].flat());
        },
        onData: (data) => body.add(data),
        onEnd: () => {
          this.#session.finish(isKept);
          report(httpOutcome(config, { status, headers, body: body.take() }, onServiceVerified));
        },
        onBroken: () => {
          this.#session.finish(isKept);
          report(networkFailure);
        },
      },
    );
  }

  giveUp(): void {
    this.close();
  }

  close(): void {
    this.#session.close();
  }
}
