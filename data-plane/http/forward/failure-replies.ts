import type { LocalReply } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import type { StreamReset } from "../../network/http-stream.ts";
import type { ConnectFailure } from "../../network/upstream.ts";

/** Why an attempt came to nothing. */
export type AttemptFailure = ConnectFailure | StreamReset;

const texts: Readonly<Record<Exclude<AttemptFailure, "no-host">, string>> = {
  overflow: "overflow",
  "connect-timeout": "connection timeout",
  "connect-fail": "remote connection failure",
  "connection-termination": "connection termination",
  "protocol-error": "protocol error",
  refused: "remote refused stream reset",
  "remote-reset": "remote reset",
};

/** What a client is answered when its request came to nothing, in Envoy's words. */
export function failureReply(failure: AttemptFailure): LocalReply {
  if (failure === "no-host") return localReply(503, "no_healthy_upstream", "no healthy upstream");
  const reason = texts[failure];
  const body = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
  const details = `upstream_reset_before_response_started{${reason.replaceAll(" ", "_")}}`;
  return localReply(failure === "protocol-error" ? 502 : 503, details, body);
}
