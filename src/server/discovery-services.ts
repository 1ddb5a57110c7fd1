import {
  status,
  type handleUnaryCall,
  type UntypedServiceImplementation,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { ServiceShape } from "../schema/descriptors/file-protos.ts";
import type { StreamKind, StreamService } from "../xds/events.ts";
import type { ServedType } from "../xds/type-traits.ts";
import type { RawCall } from "./ads-stream.ts";

/** A gRPC service and what answers its methods. */
export interface DiscoveryService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export type OpenStream = (kind: StreamKind, service: StreamService, call: RawCall) => void;

const aggregated = "envoy.service.discovery.v3.AggregatedDiscoveryService";

type MethodNames = Pick<ServedType["service"], "sotw" | "delta" | "fetch">;

const aggregatedMethods = { sotw: "StreamAggregatedResources", delta: "DeltaAggregatedResources" } as const;

const raw = (bytes: Buffer) => bytes;

/** Messages stay bytes: responses are encoded once for all streams, requests are read by their stream. */
function method(service: string, name: string, isStream: boolean) {
  return {
    path: `/${service}/${name}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
}

/** The aggregated service, and one for each type (XDS-1, XDS-2). Their unary methods answer UNIMPLEMENTED (XDS-12). */
export function discoveryServices(
  types: Iterable<ServedType>,
  open: OpenStream,
): readonly DiscoveryService[] {
  const ads = { kind: "ads" } as const;
  return [
    serviceOf(aggregated, aggregatedMethods, ads, open),
    ...[...types].map(({ service, typeUrl }) =>
      serviceOf(service.name, service, { kind: "type", typeUrl }, open),
    ),
  ];
}

function messages(prefix: "Discovery" | "DeltaDiscovery") {
  const name = `envoy.service.discovery.v3.${prefix}`;
  return { input: `${name}Request`, output: `${name}Response` };
}

/** What reflection tells of the services. */
export function discoveryShapes(types: Iterable<ServedType>): readonly ServiceShape[] {
  const kind = "bidi";
  const shape = (name: string, { sotw, delta, fetch }: MethodNames): ServiceShape => ({
    name,
    methods: [
      ...(sotw ? [{ name: sotw, ...messages("Discovery"), kind } as const] : []),
      { name: delta, ...messages("DeltaDiscovery"), kind },
      ...(fetch ? [{ name: fetch, ...messages("Discovery"), kind: "unary" } as const] : []),
    ],
  });
  return [
    shape(aggregated, aggregatedMethods),
    ...Array.from(types, ({ service }) => shape(service.name, service)),
  ];
}

/** Full names of the services. */
export function serviceNames(types: Iterable<ServedType>): readonly string[] {
  return [aggregated, ...Array.from(types, ({ service }) => service.name)];
}

function serviceOf(
  name: string,
  methods: MethodNames,
  service: StreamService,
  open: OpenStream,
): DiscoveryService {
  const definition: Record<string, ReturnType<typeof method>> = {};
  const implementation: UntypedServiceImplementation = {};
  const add = (kind: StreamKind, methodName: string) => {
    definition[methodName] = method(name, methodName, true);
    implementation[methodName] = (call: RawCall) => open(kind, service, call);
  };
  if (methods.sotw) add("sotw", methods.sotw);
  add("delta", methods.delta);
  if (methods.fetch) {
    definition[methods.fetch] = method(name, methods.fetch, false);
    implementation[methods.fetch] = refuseFetch;
  }
  return { definition, implementation };
}

const refuseFetch: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
  callback({ code: status.UNIMPLEMENTED, details: "only the streaming methods are served" });
};
