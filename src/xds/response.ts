import type { Resource } from "../snapshot/resource.ts";
import type { StreamKind } from "./events.ts";
import type { Plan } from "./change.ts";
import { fieldSize, stringFieldSize, WireWriter } from "./wire.ts";

/** One encoded response. Shared by all streams that are sent the same. */
export interface Response {
  readonly plan: Plan;
  /** Unique among all responses of a process, and rising; `nonce` is its text. */
  readonly serial: number;
  readonly nonce: string;
  /** The encoded DiscoveryResponse or DeltaDiscoveryResponse. Never written to. */
  readonly bytes: Buffer;
}

/** What is in a response besides the plan. */
interface Envelope {
  readonly nonce: string;
  readonly identifier: string;
}

/** `envoy.service.discovery.v3.DiscoveryResponse` */
export function encodeSotw({ typeUrl, version, resources }: Plan, { nonce, identifier }: Envelope): Buffer {
  const sizes = resources.map((resource) => anySize(resource));
  const tail = stringFieldSize(typeUrl) + stringFieldSize(nonce) + fieldSize(stringFieldSize(identifier));
  const size = sizes.reduce((sum, any) => sum + fieldSize(any), stringFieldSize(version) + tail);
  const writer = new WireWriter(size);
  writer.string(1, version);
  resources.forEach((resource, index) => {
    writer.open(2, sizes[index]!);
    writeAny(writer, resource);
  });
  writer.string(4, typeUrl);
  writer.string(5, nonce);
  writer.open(6, stringFieldSize(identifier));
  writer.string(1, identifier);
  return writer.bytes;
}

/** `envoy.service.discovery.v3.DeltaDiscoveryResponse` */
export function encodeDelta(plan: Plan, { nonce, identifier }: Envelope): Buffer {
  const { typeUrl, version, resources, removed } = plan;
  const sizes = resources.map((resource) => deltaResourceSize(resource));
  const tail = stringFieldSize(typeUrl) + stringFieldSize(nonce) + fieldSize(stringFieldSize(identifier));
  let size = stringFieldSize(version) + tail;
  for (const resource of sizes) size += fieldSize(resource);
  for (const name of removed) size += stringFieldSize(name);
  const writer = new WireWriter(size);
  writer.string(1, version);
  resources.forEach((resource, index) => {
    writer.open(2, sizes[index]!);
    // XDS-74: the outer name is the resource's own, and the version is always set.
    writer.string(1, resource.version);
    writer.open(2, anySize(resource));
    writeAny(writer, resource);
    writer.string(3, resource.name);
  });
  writer.string(4, typeUrl);
  writer.string(5, nonce);
  for (const name of removed) writer.string(6, name);
  writer.open(7, stringFieldSize(identifier));
  writer.string(1, identifier);
  return writer.bytes;
}

/** Bytes that a resource takes in a delta response, without the tag and length before it. */
export function deltaResourceSize(resource: Resource): number {
  return stringFieldSize(resource.version) + fieldSize(anySize(resource)) + stringFieldSize(resource.name);
}

function anySize({ typeUrl, bytes }: Resource): number {
  return stringFieldSize(typeUrl) + (bytes.length === 0 ? 0 : fieldSize(bytes.length));
}

function writeAny(writer: WireWriter, { typeUrl, bytes }: Resource): void {
  writer.string(1, typeUrl);
  if (bytes.length > 0) writer.blob(2, bytes);
}

/**
 * Encodes each plan once for all streams (XDS-127). The nonce only has to be new to the stream that gets it
 * (XDS-33); taking it from one counter for all makes the whole message the same for everybody. Responses are held
 * weakly: they live as long as somebody has to ACK them.
 */
export class ResponseCache {
  readonly #identifier: string;
  readonly #byPlan: Record<StreamKind, WeakMap<Plan, WeakRef<Response>>> = {
    sotw: new WeakMap(),
    delta: new WeakMap(),
  };
  #serial = 0;

  /** `identifier` is what responses say in `control_plane.identifier` (XDS-141). */
  constructor(identifier: string) {
    this.#identifier = identifier;
  }

  /** The response for a plan with a serial above `after`, the last one that this stream was sent of the type. */
  take(kind: StreamKind, plan: Plan, after: number): Response {
    const known = this.#byPlan[kind].get(plan)?.deref();
    if (known && known.serial > after) return known;
    this.#serial += 1;
    const nonce = this.#serial.toString(36);
    const encode = kind === "sotw" ? encodeSotw : encodeDelta;
    const bytes = encode(plan, { nonce, identifier: this.#identifier });
    const response = { plan, serial: this.#serial, nonce, bytes };
    this.#byPlan[kind].set(plan, new WeakRef(response));
    return response;
  }
}
