/** Why bytes are no HTTP message. */
export interface CodecError {
  /** What a server answers it with; a client has a protocol error of the upstream whatever it says. */
  readonly status: 400 | 426 | 431 | 501;
  /** One sentence, for a log. */
  readonly reason: string;
  /** `%RESPONSE_CODE_DETAILS%` of a request, in Envoy's words; `http1.codec_error` when absent. */
  readonly details?: string;
}

export function badMessage(reason: string, details?: string): CodecError {
  return { status: 400, reason, ...(details !== undefined && { details }) };
}
