import type { Socket } from "node:net";
import type { HeaderList } from "../network/header-list.ts";
import type { SentFraming } from "./sent-framing.ts";
import { linesOf } from "./write-head.ts";

/** What a writer works with. */
export interface MessageWriterOptions {
  readonly socket: Socket;
  /** What may wait in the socket before `data` says that it is too much. */
  readonly limitBytes: number;
  /** Trailers go out behind a chunked body; else they are dropped. */
  readonly sendsTrailers: boolean;
  /** Bytes that go out before all others. */
  readonly prefix: Buffer | undefined;
  /** So many bytes are handed to the socket. */
  onSent(bytes: number): void;
}

const noLines = "0\r\n\r\n";

/**
 * Writes the HTTP/1 messages of one direction of a connection. A head waits for what follows in the same turn of the event loop, so
 * that both leave in one segment.
 */
export class MessageWriter {
  readonly #options: MessageWriterOptions;
  #prefix: Buffer | undefined;
  /** A head that is about to go out. */
  #head: string | undefined;
  #isChunked = false;
  #isCorked = false;
  readonly #flushLater: () => void;

  constructor(options: MessageWriterOptions) {
    this.#options = options;
    this.#prefix = options.prefix;
    this.#flushLater = () => {
      this.flush();
      if (!this.#isCorked) return;
      this.#isCorked = false;
      options.socket.uncork();
    };
  }

  /** A head with its empty line. `isLast`: the message is whole with it. */
  head(text: string, { isChunked }: SentFraming, isLast: boolean): void {
    this.#isChunked = isChunked;
    this.#head = text;
    if (isLast) this.flush();
    else queueMicrotask(this.#flushLater);
  }

  /** A piece of the body. False: more waits in the socket than should. */
  data(data: Buffer): boolean {
    if (data.length === 0) return true;
    if (this.#isChunked) this.#cork();
    const head = this.#head;
    if (head === undefined) {
      const framed = this.#isChunked ? chunkOf(data) : data;
      return this.#sent(this.#options.socket.write(framed), framed.length);
    }
    this.#head = undefined;
    return this.#write(this.#isChunked ? `${head}${data.length.toString(16)}\r\n` : head, data);
  }

  /** The end of the message. */
  end(trailers: HeaderList | undefined): void {
    if (!this.#isChunked) return this.flush();
    this.#isChunked = false;
    const lines = trailers && this.#options.sendsTrailers ? `0\r\n${linesOf(trailers)}\r\n` : noLines;
    const text = (this.#head ?? "") + lines;
    this.#head = undefined;
    this.#writeText(text);
  }

  /** Writes a head that waits. */
  flush(): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#head = undefined;
    this.#writeText(head);
  }

  /** Forgets a head that waits: nobody is to get it any more. */
  drop(): void {
    this.#head = undefined;
  }

  #writeText(text: string): void {
    if (this.#prefix) this.#write(text, undefined);
    else this.#sent(this.#options.socket.write(text, "latin1"), text.length);
  }

  /** In one piece, so that it leaves in one segment. */
  #write(text: string, data: Buffer | undefined): boolean {
    const prefix = this.#prefix;
    this.#prefix = undefined;
    const textAt = prefix?.length ?? 0;
    const dataAt = textAt + text.length;
    const breakBytes = data && this.#isChunked ? 2 : 0;
    const bytes = Buffer.allocUnsafe(dataAt + (data?.length ?? 0) + breakBytes);
    prefix?.copy(bytes, 0);
    bytes.write(text, textAt, "latin1");
    data?.copy(bytes, dataAt);
    if (breakBytes > 0) bytes.write("\r\n", bytes.length - breakBytes, "latin1");
    return this.#sent(this.#options.socket.write(bytes), bytes.length);
  }

  #sent(isTaken: boolean, bytes: number): boolean {
    this.#options.onSent(bytes);
    return isTaken || this.#options.socket.writableLength <= this.#options.limitBytes;
  }

  /** Keeps what is written back until the present turn is over, so that chunks leave together. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#options.socket.cork();
    queueMicrotask(this.#flushLater);
  }
}

function chunkOf(data: Buffer): Buffer {
  const size = data.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + data.length + 4);
  chunk.write(`${size}\r\n`, 0, "latin1");
  data.copy(chunk, size.length + 2);
  chunk.write("\r\n", size.length + 2 + data.length, "latin1");
  return chunk;
}
