import { closedPort } from "../kit/echo-backend.ts";
import {
  startRecordingBackend,
  type RecordedConnection,
  type RecordingBackend,
} from "../kit/recording-backend.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { startHttpUpstream } from "./http-upstream.ts";

/** Upstreams beside the usual ones, or whatever else a scene starts; stopped behind it. */
export type More = Readonly<Record<string, AsyncDisposable>>;

/** What a TCP upstream does with a connection that it has taken. */
export type Behaviour = (connection: RecordedConnection) => void;

/** A recording TCP upstream whose behaviour a case sets, for the connections that come after. */
export interface TcpUpstream {
  readonly backend: RecordingBackend;
  readonly port: number;
  /** In order of arrival, over all cases. */
  readonly connections: readonly RecordedConnection[];
  /** `behave()`: take everything, answer nothing, as at the start of each case. */
  behave(how?: Behaviour): void;
}

/** The world around a plane: upstreams on 127.0.0.1 and a folder. */
export interface Rig<M extends More = More> extends AsyncDisposable {
  /** Answers each HTTP/1 request with its own bytes; see `startHttpUpstream`. */
  readonly http: RecordingBackend;
  /** Keeps what it gets and answers nothing, unless a case says what it does. */
  readonly tcp: TcpUpstream;
  /** A port that refuses connections. */
  readonly dead: { readonly port: number };
  readonly more: M;
  /** The path of a file that the plane may write to or read. */
  file(name: string): string;
}

/** Takes everything and answers nothing. */
const silent: Behaviour = () => undefined;

/** Bytes come back as they were sent, and the end too. */
export const echoing: Behaviour = ({ socket }) => void socket.pipe(socket);

/** Answers the first bytes with `bytes`; closes its side behind them when `isLast`. */
export function answering(bytes: string | Uint8Array, isLast = false): Behaviour {
  return ({ socket }) => {
    socket.once("data", () => (isLast ? socket.end(bytes) : socket.write(bytes)));
  };
}

/** Resets the connection on its first bytes. */
export const resetting: Behaviour = ({ socket }) => {
  socket.once("data", () => socket.resetAndDestroy());
};

/** Ends its side on the first bytes, and goes on reading. */
export const halfClosing: Behaviour = ({ socket }) => {
  socket.once("data", () => socket.end());
};

/** Takes the connection and reads nothing. */
export const stalling: Behaviour = ({ socket }) => void socket.pause();

export async function startRig<M extends More>(startMore: () => Promise<M>): Promise<Rig<M>> {
  const folder = temporaryFolder();
  let behaviour = silent;
  const http = await startHttpUpstream();
  const backend = await startRecordingBackend({ answer: (connection) => behaviour(connection) });
  const more = await startMore();
  return {
    http,
    tcp: {
      backend,
      port: backend.port,
      connections: backend.connections,
      behave(how = silent) {
        behaviour = how;
      },
    },
    dead: { port: await closedPort() },
    more,
    file: (name) => folder.file(name),
    async [Symbol.asyncDispose]() {
      for (const started of Object.values(more)) await started[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
