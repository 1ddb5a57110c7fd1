import { Server } from "@grpc/grpc-js";

/** What the gRPC server holds its clients to. */
export interface GrpcLimits {
  /** Largest request. A delta client that comes back with 60,000 resources sends tens of MiB (XDS-120). Default 32 MiB. */
  readonly requestMaxBytes: number;
  /** Streams of one connection (XDS-129). Default 1,024. */
  readonly streamsPerConnection: number;
  /** Connections of all clients. Default 20,000. */
  readonly connections: number;
  /** Connections of one address; clients behind one proxy share it. Default 10,000. */
  readonly connectionsPerAddress: number;
  /** A connection that makes no call for this time is closed. Default 5 min. */
  readonly idleConnectionMs: number;
  /** Idle connections are pinged after this time (XDS-132). Default 30 s. */
  readonly keepaliveTimeMs: number;
  /** A ping that is not answered in this time ends the connection. Default 10 s. */
  readonly keepaliveTimeoutMs: number;
  /**
   * A connection that is older is told to go (GOAWAY), so that streams spread over replicas after a rollout; 10 % more or
   * less at random, so that they never all go at once (XDS-133). Default: no limit.
   */
  readonly connectionMaxAgeMs?: number;
  /** Streams that are still open this long after are cut with their connection. Default 2 min. */
  readonly connectionAgeGraceMs: number;
}

/** The limits unless options say otherwise. */
export const defaultGrpcLimits: GrpcLimits = {
  requestMaxBytes: 32 * 1024 * 1024,
  streamsPerConnection: 1024,
  connections: 20_000,
  connectionsPerAddress: 10_000,
  idleConnectionMs: 300_000,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  connectionAgeGraceMs: 120_000,
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
    "grpc.max_connection_idle_ms": limits.idleConnectionMs,
    "grpc.keepalive_time_ms": limits.keepaliveTimeMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    ...(limits.connectionMaxAgeMs !== undefined && {
      "grpc.max_connection_age_ms": limits.connectionMaxAgeMs,
      "grpc.max_connection_age_grace_ms": limits.connectionAgeGraceMs,
    }),
    "grpc.enable_channelz": 0,
  });
}
