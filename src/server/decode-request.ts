import type { DeltaRequest, ErrorDetail, Request, SotwRequest } from "../xds/request.ts";
import type { StreamKind } from "../xds/events.ts";
import { fieldsOf, WireReader, type WireField } from "../xds/wire.ts";
import { decodeNode, decodeNodeId } from "./decode-node.ts";

/** What is kept of the text of a refusal. Envoy's are a line for each bad resource. */
const errorMaxLength = 16 * 1024;

const text = (field: WireField) => ("bytes" in field ? field.bytes.toString("utf8") : "");

/**
 * Reads a request of either kind. By hand, because only a few fields count, and the node, which Envoy repeats in each
 * request with a list of all its extensions, is read in full only in the first one. Throws WireError.
 */
export function decodeRequest(kind: StreamKind, bytes: Buffer, isFirst: boolean): Request {
  return kind === "sotw" ? decodeSotw(bytes, isFirst) : decodeDelta(bytes, isFirst);
}

const resourceNamesField = 3;

/**
 * `envoy.service.discovery.v3.DiscoveryRequest`. Names stay encoded: every ACK repeats all of them, and nearly always
 * they are those of the request before.
 */
function decodeSotw(bytes: Buffer, isFirst: boolean): SotwRequest {
  const runs: Buffer[] = [];
  const common: CommonFields = {};
  let versionInfo = "";
  const reader = new WireReader(bytes);
  for (;;) {
    const run = reader.takeRun(resourceNamesField);
    if (run.length > 0) runs.push(run);
    const field = reader.next();
    if (!field) break;
    if (field.number === 1) versionInfo = text(field);
    else if (field.number === 2) common.node = field;
    else if (field.number === 4) common.typeUrl = field;
    else if (field.number === 5) common.nonce = field;
    else if (field.number === 6) common.error = field;
  }
  const [only = Buffer.alloc(0), ...others] = runs;
  const encoded = others.length === 0 ? only : Buffer.concat(runs);
  const names = { encoded, decode: () => Array.from(fieldsOf(encoded), text) };
  return { kind: "sotw", versionInfo, names, ...decodeCommon(common, isFirst) };
}

/** `envoy.service.discovery.v3.DeltaDiscoveryRequest` */
function decodeDelta(bytes: Buffer, isFirst: boolean): DeltaRequest {
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const initialResourceVersions = new Map<string, string>();
  const common: CommonFields = {};
  for (const field of fieldsOf(bytes)) {
    if (field.number === 3) subscribe.push(text(field));
    else if (field.number === 4) unsubscribe.push(text(field));
    else if (field.number === 5 && "bytes" in field) addEntry(initialResourceVersions, field.bytes);
    else if (field.number === 1) common.node = field;
    else if (field.number === 2) common.typeUrl = field;
    else if (field.number === 6) common.nonce = field;
    else if (field.number === 7) common.error = field;
  }
  return { kind: "delta", subscribe, unsubscribe, initialResourceVersions, ...decodeCommon(common, isFirst) };
}

/** The fields that both kinds have, under different numbers; the last of each counts. */
interface CommonFields {
  node?: WireField;
  typeUrl?: WireField;
  nonce?: WireField;
  error?: WireField;
}

function decodeCommon({ node, typeUrl, nonce, error }: CommonFields, isFirst: boolean) {
  const nodeBytes = node && "bytes" in node ? node.bytes : undefined;
  return {
    typeUrl: typeUrl ? text(typeUrl) : "",
    responseNonce: nonce ? text(nonce) : "",
    ...(error && "bytes" in error && { errorDetail: decodeError(error.bytes) }),
    ...(nodeBytes && (isFirst ? { node: decodeNode(nodeBytes) } : { nodeId: decodeNodeId(nodeBytes) })),
  };
}

/** `google.rpc.Status` */
function decodeError(bytes: Buffer): ErrorDetail {
  let code = 0;
  let message = "";
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && "varint" in field) code = field.varint;
    else if (field.number === 2) message = text(field).slice(0, errorMaxLength);
  }
  return { code, message };
}

function addEntry(map: Map<string, string>, bytes: Buffer): void {
  let key = "";
  let value = "";
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = text(field);
    else if (field.number === 2) value = text(field);
  }
  map.set(key, value);
}
