import type { SecureContext } from "node:tls";
import type { ChannelCredentials, ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import { Client, connectivityState, credentials, Metadata, status as grpcStatus } from "@grpc/grpc-js";
import type { StreamTransport, XdsStream } from "./stream-transport.ts";
import { StreamError } from "./stream-transport.ts";

/** TLS with a control plane. */
export interface GrpcTls {
  readonly secureContext: SecureContext;
  /** Tells apart what the name of the target does not; absent for a cluster's, whose name does. */
  readonly digest?: string;
  /** SNI; absent: the host of the address. */
  readonly serverName?: string;
  /** False: nothing is verified, as in Envoy without a validation context. */
  readonly verifiesChain: boolean;
  /**
   * Why the server's certificate (DER), whose chain is good, is refused all the same; undefined: it is not. Absent: it must be for the
   * host of the address.
   */
  readonly refusalOf?: (certificate: Buffer) => string | undefined;
}

/** Where streams of a source go, and how. */
export interface GrpcTarget {
  /** Name of the cluster, or the target itself. */
  readonly name: string;
  /** gRPC targets (`ipv4:127.0.0.1:18000`, `dns:xds.example:443`), tried in turn. Not empty. */
  readonly addresses: readonly string[];
  /** `:authority`; absent: what the address says. */
  readonly authority?: string;
  readonly connectTimeoutMs: number;
  /** HTTP/2 pings (XC-25). */
  readonly keepalive: { readonly intervalMs: number; readonly timeoutMs: number };
  /** `initial_metadata`. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly receiveMaxBytes: number;
  /** Absent: in clear. */
  readonly tls?: GrpcTls;
}

/** `/package.Service/Method`. */
export type MethodPath = `/${string}/${string}`;

/**
 * Streams of grpc-js. Each has its own channel: the pace of attempts is the session's (XC-17), and the channel's
 * own backoff would come on top of it.
 */
export function grpcTransport(target: GrpcTarget, path: MethodPath): StreamTransport {
  let attempt = 0;
  return {
    target: target.name,
    method: path.slice(path.lastIndexOf("/") + 1),
    open: () => {
      const address = target.addresses[attempt % target.addresses.length]!;
      attempt += 1;
      return openStream(target, address, path);
    },
  };
}

const asIs = (bytes: Buffer) => bytes;

function openStream(target: GrpcTarget, address: string, path: MethodPath): XdsStream {
  const client = new Client(address, credentialsOf(target), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": target.receiveMaxBytes,
    "grpc.keepalive_time_ms": target.keepalive.intervalMs,
    "grpc.keepalive_timeout_ms": target.keepalive.timeoutMs,
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.primary_user_agent": "chancery",
    ...(target.tls?.serverName === undefined
      ? {}
      : { "grpc.ssl_target_name_override": target.tls.serverName }),
    ...(target.authority === undefined ? {} : { "grpc.default_authority": target.authority }),
  });
  const metadata = new Metadata();
  for (const [name, value] of target.metadata) metadata.add(name, value);
  const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata);
  const status = new Promise<StatusObject>((resolve) => call.once("status", resolve));
  // The iterator throws the error too; an "error" event without a listener would end the process.
  call.on("error", () => undefined);
  void status.then(() => client.close());
  const { connected, failure } = watchConnection(client, call, target.connectTimeoutMs, status);
  return {
    messages: readMessages(call, status, failure),
    connected,
    send: (message) => void call.write(message),
    drained: () => drained(call, status),
    cancel: () => call.cancel(),
  };
}

function credentialsOf({ tls }: GrpcTarget): ChannelCredentials {
  if (!tls) return credentials.createInsecure();
  const { refusalOf } = tls;
  return credentials.createFromSecureContext(tls.secureContext, {
    rejectUnauthorized: tls.verifiesChain,
    ...(refusalOf && {
      checkServerIdentity: (_host: string, { raw }: { readonly raw: Buffer }) => {
        const reason = refusalOf(raw);
        return reason === undefined ? undefined : new Error(reason);
      },
    }),
  });
}

async function* readMessages(
  call: ClientDuplexStream<Buffer, Buffer>,
  ended: Promise<StatusObject>,
  failure: () => StreamError | undefined,
): AsyncGenerator<Buffer, void> {
  try {
    const messages: AsyncIterable<Buffer> = call;
    for await (const bytes of messages) yield bytes;
  } catch {
    // The status says what the error says, with its code.
  } finally {
    call.cancel();
  }
  const { code, details } = await ended;
  if (code !== grpcStatus.OK) throw failure() ?? new StreamError(code, details);
}

/** `connected` resolves when the channel is ready; the call is ended when that takes longer than `connect_timeout`. */
function watchConnection(
  client: Client,
  call: ClientDuplexStream<Buffer, Buffer>,
  timeoutMs: number,
  ended: Promise<StatusObject>,
) {
  let failure: StreamError | undefined;
  const timer = setTimeout(() => {
    failure = new StreamError(14, `connection not up after ${timeoutMs} ms`);
    call.cancel();
  }, timeoutMs);
  timer.unref();
  void ended.then(() => clearTimeout(timer));
  const connected = new Promise<void>((resolve) => {
    const channel = client.getChannel();
    const look = () => {
      const state = channel.getConnectivityState(false);
      if (state === connectivityState.SHUTDOWN) return;
      if (state !== connectivityState.READY) {
        channel.watchConnectivityState(state, Infinity, (error) => {
          if (!error) look();
        });
        return;
      }
      clearTimeout(timer);
      resolve();
    };
    look();
  });
  return { connected, failure: () => failure };
}

function drained(call: ClientDuplexStream<Buffer, Buffer>, ended: Promise<StatusObject>): Promise<void> {
  if (!call.writableNeedDrain) return Promise.resolve();
  return Promise.race([
    new Promise<void>((resolve) => call.once("drain", () => resolve())),
    ended.then(() => undefined),
  ]);
}
