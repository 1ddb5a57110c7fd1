/** What of a socket the frames go out through. */
export interface FrameTransport {
  readonly writableLength: number;
  write(bytes: Buffer): boolean;
  cork(): void;
  uncork(): void;
}

/** Pieces up to this size that stand together are put into one: a system call with many pieces costs more than the copy. */
const joinedBytes = 8192;
/** What is gathered at most before it goes out: later the transport tells whether the peer still reads. */
const gatheredBytes = 65536;

/**
 * Gathers the frames of a turn and writes them together. Counts those that the peer has not taken yet, which a peer that asks
 * without reading would make grow for ever.
 */
export class FrameOutput {
  readonly #transport: FrameTransport;
  readonly #onGathered: () => void;
  readonly #onWritten: (bytes: number) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isBlocked = false;
  /** Frames that wait to be sent; those that wait in the transport count until it has sent everything. */
  waitingFrames = 0;
  /** Of these the answers that a peer can ask for: PING and SETTINGS with ACK, RST_STREAM. */
  waitingControlFrames = 0;

  /** `onGathered`: there is something for `flush` now, once until it is called. */
  constructor(transport: FrameTransport, onGathered: () => void, onWritten: (bytes: number) => void) {
    this.#transport = transport;
    this.#onGathered = onGathered;
    this.#onWritten = onWritten;
  }

  /** The peer does not read; DATA has to wait until `unblock`. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Adds a frame. `body` follows its header and is not copied when it is large. */
  add(frame: Buffer, body?: Buffer): void {
    if (this.#bytes === 0) this.#onGathered();
    this.waitingFrames += 1;
    this.#pieces.push(frame);
    this.#bytes += frame.length;
    if (!body) return;
    this.#pieces.push(body);
    this.#bytes += body.length;
    if (this.#bytes >= gatheredBytes) this.flush();
  }

  addControl(frame: Buffer): void {
    this.waitingControlFrames += 1;
    this.add(frame);
  }

  flush(): void {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const bytes = this.#bytes;
    this.#pieces = [];
    this.#bytes = 0;
    const isTaken = this.#write(pieces, bytes);
    this.#onWritten(bytes);
    if (this.#transport.writableLength === 0) this.#released();
    this.#isBlocked = !isTaken;
  }

  /** Drops what is gathered. */
  discard(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** The transport has sent everything. */
  unblock(): void {
    this.#isBlocked = false;
    this.#released();
  }

  #released(): void {
    this.waitingFrames = 0;
    this.waitingControlFrames = 0;
  }

  #write(pieces: Buffer[], bytes: number): boolean {
    if (pieces.length === 1) return this.#transport.write(pieces[0]!);
    if (pieces.every((piece) => piece.length <= joinedBytes)) {
      return this.#transport.write(Buffer.concat(pieces, bytes));
    }
    this.#transport.cork();
    let isTaken = true;
    for (let at = 0; at < pieces.length;) {
      let end = at;
      while (end < pieces.length && pieces[end]!.length <= joinedBytes) end += 1;
      isTaken = this.#transport.write(end - at > 1 ? Buffer.concat(pieces.slice(at, end)) : pieces[at]!);
      at = Math.max(end, at + 1);
    }
    this.#transport.uncork();
    return isTaken;
  }
}
