import { status } from "@grpc/grpc-js";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { LoadReport, LoadSink } from "../../fleet/loads.ts";
import type { MessageTypes } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import type { RawCall } from "../ads-stream.ts";
import { CallError, type Caller, failCall, type GrpcService } from "./grpc-service.ts";

export interface LrsOptions {
  readonly schema: Schema;
  readonly loads: LoadSink;
  readonly clock: Clock;
  /** How often nodes are to report. Default 10 s. */
  readonly intervalMs?: number;
}

type LoadStatsRequest = MessageTypes["envoy.service.load_stats.v3.LoadStatsRequest"];
type ClusterStats = MessageTypes["envoy.config.endpoint.v3.ClusterStats"];

const input = "envoy.service.load_stats.v3.LoadStatsRequest";
const output = "envoy.service.load_stats.v3.LoadStatsResponse";

/** Takes the load reports of nodes (XDS-144). */
export function lrsService(options: LrsOptions): GrpcService {
  return {
    name: "envoy.service.load_stats.v3.LoadReportingService",
    access: "clients",
    methods: {
      StreamLoadStats: {
        input,
        output,
        kind: "bidi",
        handle: (call, caller) => receive(call, caller, options),
      },
    },
  };
}

function receive(call: RawCall, caller: Caller, options: LrsOptions): void {
  const { schema, loads, clock, intervalMs = 10_000 } = options;
  let node: string | undefined;
  call.on("data", (bytes: Buffer) => {
    try {
      const request = decode(schema, bytes);
      if (node === undefined) {
        node = nodeOf(request, caller);
        loads.join(node);
        const interval = { seconds: String(Math.floor(intervalMs / 1000)), nanos: (intervalMs % 1000) * 1e6 };
        // Names alone would not do: grpc-js never matches the first of a list.
        call.write(schema.encode(output, { send_all_clusters: true, load_reporting_interval: interval }));
      }
      loads.add(node, (request.cluster_stats ?? []).map(reportOf), clock.now());
    } catch (error) {
      leave();
      failCall(call, error);
    }
  });
  const leave = () => {
    if (node === undefined) return;
    loads.leave(node);
    node = undefined;
    call.removeAllListeners("data");
    call.resume();
  };
  call.on("end", () => {
    leave();
    call.end();
  });
  call.on("cancelled", leave);
}

function nodeOf({ node }: LoadStatsRequest, caller: Caller): string {
  const id = node?.id ?? "";
  if (id === "")
    throw new CallError(status.INVALID_ARGUMENT, "node.id is missing in the first request of the stream");
  const refusal = caller.nodeRefusal(id);
  if (refusal !== undefined) throw new CallError(status.PERMISSION_DENIED, refusal);
  return id;
}

function decode(schema: Schema, bytes: Buffer): LoadStatsRequest {
  try {
    return schema.decode(input, bytes);
  } catch (error) {
    const reason = errorMessage(error);
    throw new CallError(status.INVALID_ARGUMENT, `the request cannot be read: ${reason}`);
  }
}

function reportOf(stats: ClusterStats): LoadReport {
  const localities = stats.upstream_locality_stats ?? [];
  const sum = (of: (locality: (typeof localities)[number]) => unknown) =>
    localities.reduce((total, locality) => total + Number(of(locality) ?? 0), 0);
  return {
    cluster: stats.cluster_name ?? "",
    service: stats.cluster_service_name ?? "",
    succeeded: sum((locality) => locality.total_successful_requests),
    failed: sum((locality) => locality.total_error_requests),
    issued: sum((locality) => locality.total_issued_requests),
    dropped: Number(stats.total_dropped_requests ?? 0),
    inProgress: sum((locality) => locality.total_requests_in_progress),
  };
}
