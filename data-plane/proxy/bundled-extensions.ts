import { fileAccessLog, stderrAccessLog, stdoutAccessLog } from "../access-logs/loggers.ts";
import { connectionLimit } from "../filters/connection-limit.ts";
import { cors, corsPolicy } from "../filters/cors.ts";
import { headerMutation, headerMutationPerRoute } from "../filters/header-mutation.ts";
import { httpInspector } from "../filters/http-inspector.ts";
import { httpHealthCheck } from "../filters/http-health-check.ts";
import { httpLocalRateLimit, httpLocalRateLimitPerRoute } from "../filters/http-local-ratelimit.ts";
import { httpOriginalSrc } from "../filters/http-original-src.ts";
import { listenerLocalRateLimit, networkLocalRateLimit } from "../filters/local-ratelimit.ts";
import { originalDst } from "../filters/original-dst.ts";
import { originalSrc } from "../filters/original-src.ts";
import { proxyProtocol } from "../filters/proxy-protocol.ts";
import { httpRbac, httpRbacPerRoute } from "../filters/rbac/http-rbac.ts";
import { networkRbac } from "../filters/rbac/network-rbac.ts";
import { tlsInspector } from "../filters/tls-inspector.ts";
import { httpConnectionManager } from "../http/connection-manager.ts";
import { customHeaderDetection } from "../http/original-ip/custom-header.ts";
import { xffDetection } from "../http/original-ip/xff.ts";
import { router } from "../http/router.ts";
import type { ExtensionTable } from "../resources/extension.ts";
import { directResponse } from "../tcp/direct-response.ts";
import { tcpProxy } from "../tcp/tcp-proxy.ts";
import { downstreamRawBuffer, upstreamRawBuffer } from "../transport-sockets/raw-buffer.ts";
import { downstreamTls } from "../transport-sockets/downstream-tls.ts";
import { upstreamTls } from "../transport-sockets/upstream-tls.ts";
import { upstreamProxyProtocol } from "../transport-sockets/upstream-proxy-protocol.ts";

/** Every extension that comes with the data plane. */
export const bundledExtensions: ExtensionTable = {
  listenerFilters: [
    proxyProtocol,
    tlsInspector,
    httpInspector,
    originalSrc,
    originalDst,
    listenerLocalRateLimit,
  ],
  networkFilters: [
    networkRbac,
    networkLocalRateLimit,
    connectionLimit,
    directResponse,
    tcpProxy,
    httpConnectionManager,
  ],
  upstreamTransportSockets: [upstreamRawBuffer, upstreamProxyProtocol, upstreamTls],
  downstreamTransportSockets: [downstreamRawBuffer, downstreamTls],
  accessLoggers: [fileAccessLog, stdoutAccessLog, stderrAccessLog],
  httpFilters: [router, headerMutation, cors, httpRbac, httpLocalRateLimit, httpHealthCheck, httpOriginalSrc],
  httpRouteConfigs: [headerMutationPerRoute, corsPolicy, httpRbacPerRoute, httpLocalRateLimitPerRoute],
  originalIpDetection: [xffDetection, customHeaderDetection],
};
