import type { Resource } from "../snapshot/resource.ts";
import type { StreamKind } from "./events.ts";
import type { Plan } from "./change.ts";
import { Entries } from "./entries.ts";
import {
  missingSize,
  sotwTtlSize,
  wrappedSize,
  type Wrapping,
  writeMissing,
  writeSotwTtl,
  writeWrapped,
} from "./resource-wire.ts";
import { fieldSize, stringFieldSize, WireWriter } from "./wire.ts";

/** One encoded response. Shared by all streams that are sent the same. */
export interface Response {
  readonly plan: Plan;
  /** Unique among all responses of a process, and rising; `nonce` is its text. */
  readonly serial: number;
  readonly nonce: string;
  /** The encoded DiscoveryResponse or DeltaDiscoveryResponse. Never written to. */
  readonly bytes: Buffer;
  /** The same memory behind the five bytes that gRPC puts before a message, so that sending it is one write. */
  readonly framed: Buffer;
}

/** What is in a response besides the plan. */
interface Envelope {
  readonly nonce: string;
  readonly identifier: string;
  /** False for clients that would not understand a TTL, or not bear it (XDS-17, XDS-110). */
  readonly hasTtls: boolean;
}

type Message = Pick<Response, "bytes" | "framed">;

const headSize = 5;

/** Not compressed, and so long (gRPC over HTTP/2, Length-Prefixed-Message). */
function framed({ bytes, withHead }: WireWriter): Message {
  withHead[0] = 0;
  withHead.writeUInt32BE(bytes.length, 1);
  return { bytes, framed: withHead };
}

/** `envoy.service.discovery.v3.DiscoveryResponse` */
export function encodeSotw(
  { typeUrl, version, resources }: Plan,
  { nonce, identifier, hasTtls }: Envelope,
  entries: Entries,
): Message {
  const isPlain = ({ ttlMs }: Resource) => !hasTtls || ttlMs === undefined;
  let size = stringFieldSize(version) + stringFieldSize(typeUrl) + stringFieldSize(nonce);
  size += fieldSize(stringFieldSize(identifier));
  for (const resource of resources) {
    size += isPlain(resource) ? entries.of(resource).sotw.length : fieldSize(sotwTtlSize(resource));
  }
  const writer = new WireWriter(size, headSize);
  writer.string(1, version);
  for (const resource of resources) {
    if (isPlain(resource)) {
      writer.encoded(entries.of(resource).sotw);
      continue;
    }
    writer.open(2, sotwTtlSize(resource));
    writeSotwTtl(writer, resource);
  }
  writer.string(4, typeUrl);
  writer.string(5, nonce);
  writer.open(6, stringFieldSize(identifier));
  writer.string(1, identifier);
  return framed(writer);
}

/** `envoy.service.discovery.v3.DeltaDiscoveryResponse` */
export function encodeDelta(plan: Plan, { nonce, identifier, hasTtls }: Envelope, entries: Entries): Message {
  const { typeUrl, version, resources, removed, missing = [], aliases, isHeartbeat = false } = plan;
  const isPlain = ({ name, ttlMs }: Resource) =>
    !isHeartbeat && (!hasTtls || ttlMs === undefined) && !aliases?.has(name);
  const wrappingOf = ({ name }: Resource): Wrapping => ({
    hasBody: !isHeartbeat,
    hasTtl: hasTtls,
    aliases: aliases?.get(name) ?? [],
  });
  let size = stringFieldSize(version) + stringFieldSize(typeUrl) + stringFieldSize(nonce);
  size += fieldSize(stringFieldSize(identifier));
  for (const resource of resources) {
    size += isPlain(resource)
      ? entries.of(resource).delta.length
      : fieldSize(wrappedSize(resource, wrappingOf(resource)));
  }
  for (const name of missing) size += fieldSize(missingSize(name, version));
  for (const name of removed) size += stringFieldSize(name);
  const writer = new WireWriter(size, headSize);
  writer.string(1, version);
  for (const resource of resources) {
    if (isPlain(resource)) {
      writer.encoded(entries.of(resource).delta);
      continue;
    }
    const wrapping = wrappingOf(resource);
    writer.open(2, wrappedSize(resource, wrapping));
    writeWrapped(writer, resource, wrapping);
  }
  for (const name of missing) {
    writer.open(2, missingSize(name, version));
    writeMissing(writer, name, version);
  }
  writer.string(4, typeUrl);
  writer.string(5, nonce);
  for (const name of removed) writer.string(6, name);
  writer.open(7, stringFieldSize(identifier));
  writer.string(1, identifier);
  return framed(writer);
}

type EncodedPlans = WeakMap<Plan, WeakRef<Response>>;

/**
 * Encodes each plan once for all streams (XDS-127). The nonce only has to be new to the stream that gets it
 * (XDS-33); taking it from one counter for all makes the whole message the same for everybody. Responses are held
 * weakly: they live as long as somebody has to ACK them.
 */
export class ResponseCache {
  readonly #identifier: string;
  readonly #byPlan: Record<StreamKind, { readonly full: EncodedPlans; readonly withoutTtls: EncodedPlans }> =
    {
      sotw: { full: new WeakMap(), withoutTtls: new WeakMap() },
      delta: { full: new WeakMap(), withoutTtls: new WeakMap() },
    };
  readonly #entries = new Entries();
  #serial = 0;

  /** `identifier` is what responses say in `control_plane.identifier` (XDS-141). */
  constructor(identifier: string) {
    this.#identifier = identifier;
  }

  /** Does what encoding a resource takes, so that what is left for a response of many is little. */
  prepare(resource: Resource): void {
    this.#entries.of(resource);
  }

  /** The response for a plan with a serial above `after`, the last one that this stream was sent of the type. */
  take(kind: StreamKind, plan: Plan, after: number, hasTtls = true): Response {
    const { full, withoutTtls } = this.#byPlan[kind];
    const encoded = hasTtls ? full : withoutTtls;
    const known = encoded.get(plan)?.deref();
    if (known && known.serial > after) return known;
    this.#serial += 1;
    const nonce = this.#serial.toString(36);
    const encode = kind === "sotw" ? encodeSotw : encodeDelta;
    const message = encode(plan, { nonce, identifier: this.#identifier, hasTtls }, this.#entries);
    const response = { plan, serial: this.#serial, nonce, ...message };
    encoded.set(plan, new WeakRef(response));
    return response;
  }
}
