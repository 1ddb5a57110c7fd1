import type { Resource } from "../snapshot/resource.ts";
import { fieldSize, stringFieldSize, varintFieldSize, type WireWriter } from "./wire.ts";

const wrapperTypeUrl = "type.googleapis.com/envoy.service.discovery.v3.Resource";

/** What an `envoy.service.discovery.v3.Resource` tells of a resource. */
export interface Wrapping {
  /** False in a heartbeat: name, version and TTL alone (XDS-108). */
  readonly hasBody: boolean;
  readonly hasTtl: boolean;
  readonly aliases: readonly string[];
}

/** Bytes of an `envoy.service.discovery.v3.Resource`, without the tag and length before it. */
export function wrappedSize(resource: Resource, { hasBody, hasTtl, aliases }: Wrapping): number {
  let size = stringFieldSize(resource.version) + stringFieldSize(resource.name);
  if (hasBody) size += fieldSize(anySize(resource));
  for (const alias of aliases) size += stringFieldSize(alias);
  if (hasTtl && resource.ttlMs !== undefined) size += fieldSize(durationSize(resource.ttlMs));
  return size;
}

/** The outer name is the resource's own, and the version is always set (XDS-74). */
export function writeWrapped(
  writer: WireWriter,
  resource: Resource,
  { hasBody, hasTtl, aliases }: Wrapping,
): void {
  writer.string(1, resource.version);
  if (hasBody) {
    writer.open(2, anySize(resource));
    writeAny(writer, resource);
  }
  writer.string(3, resource.name);
  for (const alias of aliases) writer.string(4, alias);
  if (hasTtl && resource.ttlMs !== undefined) {
    writer.open(6, durationSize(resource.ttlMs));
    writer.varint(1, Math.floor(resource.ttlMs / 1000));
    writer.varint(2, (resource.ttlMs % 1000) * 1_000_000);
  }
}

/** Bytes of the answer for a name that leads to no resource. */
export function missingSize(name: string, version: string): number {
  return stringFieldSize(version) + 2 * stringFieldSize(name);
}

/** The name, as name and as alias, and no body (XDS-114). */
export function writeMissing(writer: WireWriter, name: string, version: string): void {
  writer.string(1, version);
  writer.string(3, name);
  writer.string(4, name);
}

/** In state of the world a wrapper is only there to tell a TTL (XDS-109). */
const aroundTtl: Wrapping = { hasBody: true, hasTtl: true, aliases: [] };

/** Bytes of an Any with the wrapper of a resource whose TTL is told. */
export function sotwTtlSize(resource: Resource): number {
  return stringFieldSize(wrapperTypeUrl) + fieldSize(wrappedSize(resource, aroundTtl));
}

/** Writes what `sotwTtlSize` counts. */
export function writeSotwTtl(writer: WireWriter, resource: Resource): void {
  writer.string(1, wrapperTypeUrl);
  writer.open(2, wrappedSize(resource, aroundTtl));
  writeWrapped(writer, resource, aroundTtl);
}

/** Bytes of an Any with the resource. */
export function anySize({ typeUrl, bytes }: Resource): number {
  return stringFieldSize(typeUrl) + (bytes.length === 0 ? 0 : fieldSize(bytes.length));
}

function writeAny(writer: WireWriter, { typeUrl, bytes }: Resource): void {
  writer.string(1, typeUrl);
  if (bytes.length > 0) writer.blob(2, bytes);
}

function durationSize(ms: number): number {
  return varintFieldSize(Math.floor(ms / 1000)) + varintFieldSize((ms % 1000) * 1_000_000);
}
