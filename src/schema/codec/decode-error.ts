/** Bytes that are not an encoding of the type that they are said to be: cut off, over-long, or not UTF-8. */
export class DecodeError extends Error {
  readonly code = "bad-wire-format";
  /** Where in the message, with Envoy's field names: `Cluster.load_assignment.endpoints[0]`. */
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(path ? `${path}: ${reason}` : reason);
    this.name = "DecodeError";
    this.path = path;
    this.reason = reason;
  }

  /** The same failure as the message around it sees it. */
  within(segment: string): DecodeError {
    const glue = this.path === "" || this.path.startsWith("[") ? "" : ".";
    return new DecodeError(`${segment}${glue}${this.path}`, this.reason);
  }
}
