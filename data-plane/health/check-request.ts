import { HeaderList } from "../network/header-list.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { HttpProtocol } from "../network/http-message.ts";
import type { Host } from "../network/upstream.ts";
import type { HttpCheckerConfig } from "../resources/health-check.ts";

const USER_AGENT = "Envoy/HC";
const loopback = { family: "IPv4", address: "127.0.0.1", port: 0 } as const;
const nothing = () => undefined;

const noExchange = {
  request: nothing,
  response: nothing,
  status: 0,
  flags: [],
  details: "",
  attempts: 0,
  upstreamFailure: undefined,
  routeName: undefined,
  virtualHost: undefined,
};

/** The host that a check is of, and how it is called in requests. */
export interface CheckSubject {
  readonly host: Host;
  /** Of the endpoint's `health_check_config`, else of the check, else the cluster's name. */
  readonly authority: string;
  /** `http` or `https`, as the transport socket is. */
  readonly scheme: string;
}

/** Headers of the request of an HTTP check, pseudo-headers aside; their order is Envoy's. */
export function checkHeaders(
  config: HttpCheckerConfig,
  subject: CheckSubject,
  protocol: HttpProtocol,
): HeaderList {
  const headers = new HeaderList(["user-agent", USER_AGENT]);
  config.mutation?.(headers, formatSource(subject, protocol));
  if (config.send.length > 0) headers.set("content-length", String(config.send.length));
  return headers;
}

/** Headers of the call of a gRPC check. */
export function grpcCheckHeaders(
  mutation: HttpCheckerConfig["mutation"],
  subject: CheckSubject,
  timeoutMs: number,
): HeaderList {
  const headers = new HeaderList([
    "te",
    "trailers",
    "content-type",
    "application/grpc",
    "user-agent",
    USER_AGENT,
  ]);
  mutation?.(headers, formatSource(subject, "HTTP/2"));
  headers.set("grpc-timeout", `${timeoutMs}m`);
  return headers;
}

/** A check has no downstream: formats see an address of this machine in its place, as in Envoy. */
function formatSource({ host }: CheckSubject, protocol: HttpProtocol): FormatSource {
  return {
    connection: {
      id: 0,
      remote: loopback,
      local: loopback,
      directRemote: loopback,
      directLocal: loopback,
      metadata: nothing,
      filterState: nothing,
    },
    upstreamHost: host,
    exchange: { ...noExchange, protocol },
    hostname: "",
  };
}
