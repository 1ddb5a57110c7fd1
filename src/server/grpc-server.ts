import { Server, type ServerCredentials } from "@grpc/grpc-js";

/** What the gRPC server holds its clients to. */
export interface GrpcLimits {
  /** Largest request. A delta client that comes back with 60,000 resources sends tens of MiB (XDS-120). Default 32 MiB. */
  readonly requestMaxBytes: number;
  /** Streams of one connection (XDS-129). Default 1,024. */
  readonly streamsPerConnection: number;
  /** Idle connections are pinged after this time (XDS-132). Default 30 s. */
  readonly keepaliveTimeMs: number;
  /** A ping that is not answered in this time ends the connection. Default 10 s. */
  readonly keepaliveTimeoutMs: number;
}

export const defaultGrpcLimits: GrpcLimits = {
  requestMaxBytes: 32 * 1024 * 1024,
  streamsPerConnection: 1024,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

/**
 * A gRPC server with these limits. grpc-js counts no pings of clients against them, so that pings every 10 s, also on
 * connections without streams, are borne (XDS-131).
 */
export function newGrpcServer(limits: GrpcLimits): Server {
  return new Server({
    "grpc.max_receive_message_length": limits.requestMaxBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": limits.streamsPerConnection,
    "grpc.keepalive_time_ms": limits.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
  });
}

/** Listens, and answers the port. Rejects with the reason when the address cannot be had. */
export function listen(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}
