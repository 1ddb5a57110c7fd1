import type { Socket } from "node:net";
import type { Address } from "../network/address.ts";

/** A connection to a host that is up, transport socket included, for checks alone: on no books and in no pool. */
export interface CheckConnection {
  /** Errors need no listener: a broken connection is told by `close`. */
  readonly socket: Socket;
  readonly local: Address;
  readonly remote: Address;
  /** What the transport socket wants to go out before the first byte (PP-118). */
  readonly header: Buffer | undefined;
}

/** Opens a connection for checks. One of the two is called, later, unless what it gives has been called before, which gives up. */
export type DialForCheck = (
  onConnected: (connection: CheckConnection) => void,
  onFailure: () => void,
) => () => void;
