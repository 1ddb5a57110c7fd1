import type { AdsLimits } from "../../server/ads-server.ts";
import { countFlag, sizeFlag } from "../count.ts";
import { durationFlag, optionalDurationFlag } from "../duration.ts";
import type { FlagValues } from "../flag.ts";

/** What xDS clients are held to. Their defaults are those of the library. */
export const limitFlags = {
  maxRequestSize: sizeFlag("the largest request of a client", "32MiB"),
  maxNamesPerType: countFlag("names that a client may ask for of one type on one stream", "100000"),
  maxRequestRate: countFlag("requests a second that a stream may make", "1000"),
  maxRequestBurst: countFlag("requests that a stream may make at once after a quiet time", "5000"),
  maxStreamRate: countFlag("streams a second that all clients together may open", "5000"),
  maxStreamBurst: countFlag("streams that they may open at once after a quiet time", "10000"),
  maxStreamsPerConnection: countFlag("streams of one connection", "1024"),
  maxConnections: countFlag("connections of all clients", "20000"),
  maxConnectionsPerAddress: countFlag("connections of one address", "10000"),
  maxConnectionAge: optionalDurationFlag(
    "connections are sent away after this time, 10% more or less, so that replicas share them",
    "no limit",
  ),
  maxConnectionAgeGrace: durationFlag("streams that are still open this long after are cut", "2m", 1),
  idleTimeout: durationFlag("a connection that makes no call for this time is closed", "5m", 1),
  keepaliveTime: durationFlag("connections on which nothing comes are pinged after this time", "30s", 1),
  keepaliveTimeout: durationFlag("a ping that is not answered in this time ends the connection", "10s", 1),
  firstRequestTimeout: durationFlag("a stream that asks for nothing in this time is ended", "30s", 1),
  stallTimeout: durationFlag(
    "a client that does not take a response in this time loses its stream",
    "60s",
    1,
  ),
  orderTimeout: durationFlag("how long changes wait for what they build on", "20s", 1),
} as const;

/** The limits that the flags ask for. */
export function limitsFromFlags(flags: FlagValues<typeof limitFlags>): AdsLimits {
  return {
    requestMaxBytes: flags.maxRequestSize,
    namesPerType: flags.maxNamesPerType,
    requestRate: { perSecond: flags.maxRequestRate, burst: flags.maxRequestBurst },
    streamRate: { perSecond: flags.maxStreamRate, burst: flags.maxStreamBurst },
    streamsPerConnection: flags.maxStreamsPerConnection,
    connections: flags.maxConnections,
    connectionsPerAddress: flags.maxConnectionsPerAddress,
    ...(flags.maxConnectionAge !== undefined && { connectionMaxAgeMs: flags.maxConnectionAge }),
    connectionAgeGraceMs: flags.maxConnectionAgeGrace,
    idleConnectionMs: flags.idleTimeout,
    keepaliveTimeMs: flags.keepaliveTime,
    keepaliveTimeoutMs: flags.keepaliveTimeout,
    firstRequestTimeoutMs: flags.firstRequestTimeout,
    stallTimeoutMs: flags.stallTimeout,
    orderTimeoutMs: flags.orderTimeout,
  };
}
