import type { Message } from "../schema/message.ts";
import type { Node } from "../snapshot/node.ts";
import { fieldsOf, WireError, type WireField } from "../xds/wire.ts";

/** Metadata is kept as long as a stream lives, so it is bounded. */
const metadataMaxBytes = 256 * 1024;
const structMaxDepth = 32;

const text = (field: WireField) => ("bytes" in field ? field.bytes.toString("utf8") : "");

/** The parts of `envoy.config.core.v3.Node` that count; the list of extensions is passed over. Throws WireError. */
export function decodeNode(bytes: Buffer): Node {
  const strings = new Map<number, string>();
  const clientFeatures: string[] = [];
  let locality = { region: "", zone: "", sub_zone: "" };
  let metadata: Message | undefined;
  let buildVersion = "";
  for (const field of fieldsOf(bytes)) {
    if (!("bytes" in field)) continue;
    if (field.number === 3) metadata = decodeMetadata(field.bytes);
    else if (field.number === 4) locality = decodeLocality(field.bytes);
    else if (field.number === 8) buildVersion = decodeBuildVersion(field.bytes);
    else if (field.number === 10) clientFeatures.push(text(field));
    else if (field.number <= 7) strings.set(field.number, text(field));
  }
  return {
    id: strings.get(1) ?? "",
    cluster: strings.get(2) ?? "",
    locality,
    userAgentName: strings.get(6) ?? "",
    userAgentVersion: strings.get(7) ?? buildVersion,
    clientFeatures,
    ...(metadata && { metadata }),
  };
}

/** The id alone, for a stream whose node is known. Throws WireError. */
export function decodeNodeId(bytes: Buffer): string {
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) return text(field);
  }
  return "";
}

function decodeLocality(bytes: Buffer): Node["locality"] {
  const parts = ["", "", "", ""];
  for (const field of fieldsOf(bytes)) parts[field.number] = text(field);
  const [, region = "", zone = "", sub_zone = ""] = parts;
  return { region, zone, sub_zone };
}

/** `envoy.config.core.v3.BuildVersion`: only the semantic version of it. */
function decodeBuildVersion(bytes: Buffer): string {
  const numbers = [0, 0, 0];
  for (const outer of fieldsOf(bytes)) {
    if (outer.number !== 1 || !("bytes" in outer)) continue;
    for (const field of fieldsOf(outer.bytes)) {
      if ("varint" in field && field.number <= 3) numbers[field.number - 1] = field.varint;
    }
  }
  return numbers.join(".");
}

function decodeMetadata(bytes: Buffer): Message {
  if (bytes.length > metadataMaxBytes) {
    throw new WireError(`node.metadata is ${bytes.length} bytes, limit is ${metadataMaxBytes}`);
  }
  return decodeStruct(bytes, 0);
}

/** A google.protobuf.Struct in the form of decoded messages. */
function decodeStruct(bytes: Buffer, depth: number): Message {
  if (depth > structMaxDepth) throw new WireError(`node.metadata is nested deeper than ${structMaxDepth}`);
  const fields: [string, Message][] = [];
  for (const entry of fieldsOf(bytes)) {
    if (entry.number !== 1 || !("bytes" in entry)) continue;
    let key = "";
    let value: Message = {};
    for (const field of fieldsOf(entry.bytes)) {
      if (field.number === 1) key = text(field);
      else if (field.number === 2 && "bytes" in field) value = decodeValue(field.bytes, depth + 1);
    }
    fields.push([key, value]);
  }
  return fields.length === 0 ? {} : { fields: Object.fromEntries(fields) };
}

/** A google.protobuf.Value. */
function decodeValue(bytes: Buffer, depth: number): Message {
  let value: Message = {};
  for (const field of fieldsOf(bytes)) {
    if ("varint" in field) {
      if (field.number === 1) value = { null_value: "NULL_VALUE" };
      else if (field.number === 4) value = { bool_value: field.varint !== 0 };
    } else if (field.number === 2 && field.bytes.length === 8)
      value = { number_value: field.bytes.readDoubleLE() };
    else if (field.number === 3) value = { string_value: text(field) };
    else if (field.number === 5) value = { struct_value: decodeStruct(field.bytes, depth) };
    else if (field.number === 6) value = { list_value: decodeList(field.bytes, depth) };
  }
  return value;
}

function decodeList(bytes: Buffer, depth: number): Message {
  if (depth > structMaxDepth) throw new WireError(`node.metadata is nested deeper than ${structMaxDepth}`);
  const values: Message[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1 && "bytes" in field) values.push(decodeValue(field.bytes, depth + 1));
  }
  return values.length === 0 ? {} : { values };
}
