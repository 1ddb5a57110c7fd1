/** Why bytes are no HTTP message. */
export interface CodecError {
  /** What a server answers it with; a client has a protocol error of the upstream whatever it says. */
  readonly status: 400 | 426 | 431 | 501;
  /** One sentence, for a log. */
  readonly reason: string;
}

export function badMessage(reason: string): CodecError {
  return { status: 400, reason };
}
