import type {
  Any,
  DeltaDiscoveryResponse,
  DiscoveryResource,
  DiscoveryResponse,
} from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { DecodeError } from "../../src/schema/codec/decode-error.ts";
import { UnknownTypeError } from "../../src/schema/codec/plan.ts";
import type { Schema } from "../../src/schema/schema.ts";
import {
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  typeNameOf,
  typeUrlOf,
} from "../../src/schema/type-urls.ts";
import type { ReceivedResource, Response, ResponseContent } from "./session-events.ts";
import type { Refusal } from "./update.ts";

/** The part of a schema that responses are read with. */
export type ResponseSchema = Pick<Schema, "decode" | "checkRules">;

export interface ReadResponseOptions {
  /** `--reject-unknown-dynamic-fields`: a field that the schema does not know refuses the response; else it is ignored. */
  readonly rejectsUnknownFields: boolean;
}

/** What all readers of one response share. */
interface Reading extends ReadResponseOptions {
  readonly schema: ResponseSchema;
  readonly typeUrl: string;
}

const WRAPPER = typeUrlOf("envoy.service.discovery.v3.Resource");

const empty = Buffer.alloc(0);

/** A reason to refuse a response as a whole (XC-28). Stays within this file. */
class MalformedResponse extends Error {}

/**
 * Reads a DiscoveryResponse: unwraps, decodes and checks its resources. What is wrong with the response as a
 * whole becomes malformed content, to be refused.
 *
 * @throws DecodeError when the bytes are no DiscoveryResponse at all: there is no nonce to answer to
 */
export function readSotwResponse(
  schema: ResponseSchema,
  bytes: Buffer,
  { rejectsUnknownFields }: ReadResponseOptions,
): Response {
  const message = schema.decode("envoy.service.discovery.v3.DiscoveryResponse", bytes);
  const typeUrl = message.type_url ?? "";
  const version = message.version_info ?? "";
  const reading = { schema, typeUrl, rejectsUnknownFields };
  const content = readContent(() => {
    const resources = (message.resources ?? []).map((any) => {
      if (any.type_url !== WRAPPER) return readResource(reading, version, any);
      const wrapped = schema.decode(typeNameOf(WRAPPER), any.value ?? empty);
      return readWrapped(reading, wrapped, version);
    });
    return { kind: "resources", ...firstOfEach(typeUrl, resources), removed: [] };
  });
  return { typeUrl, version, nonce: message.nonce ?? "", ...identifierOf(message), content };
}

/**
 * Reads a DeltaDiscoveryResponse, like `readSotwResponse`.
 *
 * @throws DecodeError when the bytes are no DeltaDiscoveryResponse at all
 */
export function readDeltaResponse(
  schema: ResponseSchema,
  bytes: Buffer,
  { rejectsUnknownFields }: ReadResponseOptions,
): Response {
  const typeName = "envoy.service.discovery.v3.DeltaDiscoveryResponse";
  const message = schema.decode(typeName, bytes);
  const typeUrl = message.type_url ?? "";
  const reading = { schema, typeUrl, rejectsUnknownFields };
  const content = readContent(() => {
    const removed = message.removed_resources ?? [];
    const wrappers = message.resources ?? [];
    refuseRepeated(
      wrappers.map(({ name }) => name ?? ""),
      removed,
    );
    const resources = wrappers.map((wrapper) => readWrapped(reading, wrapper, wrapper.version ?? ""));
    return { kind: "resources", resources, removed, refused: [] };
  });
  return {
    typeUrl,
    version: message.system_version_info ?? "",
    nonce: message.nonce ?? "",
    ...identifierOf(message),
    content,
  };
}

function identifierOf({ control_plane: controlPlane }: DiscoveryResponse | DeltaDiscoveryResponse) {
  return controlPlane?.identifier ? { identifier: controlPlane.identifier } : {};
}

function readContent(read: () => ResponseContent): ResponseContent {
  try {
    return read();
  } catch (error) {
    const isTheirs =
      error instanceof MalformedResponse || error instanceof DecodeError || error instanceof UnknownTypeError;
    if (!isTheirs) throw error;
    return { kind: "malformed", reason: error.message };
  }
}

function readWrapped(reading: Reading, wrapper: DiscoveryResource, version: string): ReceivedResource {
  const ttlMs = wrapper.ttl ? { ttlMs: milliseconds(wrapper.ttl) } : {};
  if (!wrapper.resource) {
    if (!wrapper.ttl)
      throw new MalformedResponse(`resource "${wrapper.name ?? ""}" has neither body nor ttl`);
    return { name: wrapper.name ?? "", version, ...ttlMs };
  }
  return { ...readResource(reading, version, wrapper.resource, wrapper.name), ...ttlMs };
}

function readResource(
  { schema, typeUrl, rejectsUnknownFields }: Reading,
  version: string,
  any: Any,
  wrapperName?: string,
): ReceivedResource {
  const given = any.type_url ?? "";
  if (given !== typeUrl) {
    throw new MalformedResponse(
      `type URL ${given} embedded in an individual Any does not match the message-wide type URL ${typeUrl}`,
    );
  }
  const typeName = typeNameOf(typeUrl);
  const value = any.value ?? empty;
  const message = schema.decode(
    typeName,
    value,
    rejectsUnknownFields ? { onUnknownField: refuseUnknownField } : {},
  );
  const [violation] = schema.checkRules(typeName, message);
  if (violation) {
    const shortName = typeName.slice(typeName.lastIndexOf(".") + 1);
    const { path, message: rule } = violation;
    throw new MalformedResponse(
      `Proto constraint validation failed (${shortName}ValidationError.${path}: ${rule})`,
    );
  }
  const name = wrapperName ?? nameOf(typeUrl, message);
  return { name, version, resource: { name, version, value, message } };
}

function refuseUnknownField(typeName: string, fieldNumber: number): never {
  throw new MalformedResponse(
    `Protobuf message (type ${typeName} with unknown field set {${fieldNumber}}) has unknown fields`,
  );
}

/** The field that names a resource of this type. */
function nameOf(typeUrl: string, message: Message): string {
  const name = message[typeUrl === CLUSTER_LOAD_ASSIGNMENT ? "cluster_name" : "name"];
  return typeof name === "string" ? name : "";
}

function milliseconds(duration: { readonly seconds?: unknown; readonly nanos?: unknown }): number {
  return Number(duration.seconds ?? 0) * 1000 + Math.ceil(Number(duration.nanos ?? 0) / 1_000_000);
}

/** SotW: of two with one name the first is taken; for clusters and listeners that refuses the response (XC-28). */
function firstOfEach(typeUrl: string, resources: readonly ReceivedResource[]) {
  const byName = new Map<string, ReceivedResource>();
  const refused: Refusal[] = [];
  const kind = typeUrl === CLUSTER ? "cluster" : typeUrl === LISTENER ? "listener" : undefined;
  for (const resource of resources) {
    const { name } = resource;
    if (!byName.has(name)) byName.set(name, resource);
    else if (kind) refused.push({ name, reason: `duplicate ${kind} ${name} found` });
  }
  return { resources: [...byName.values()], refused };
}

/** Delta: a name twice refuses the whole response (XC-28). */
function refuseRepeated(names: readonly string[], removed: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw new MalformedResponse(`duplicate name ${name} found among added/updated resources`);
    }
    seen.add(name);
  }
  for (const name of removed) {
    if (seen.has(name)) {
      throw new MalformedResponse(`duplicate name ${name} found in the union of added+removed resources`);
    }
    seen.add(name);
  }
}
