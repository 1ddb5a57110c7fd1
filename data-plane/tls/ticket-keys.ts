import type { MessageTypes } from "../../src/schema/api.ts";
import type { LocalData } from "../resources/data-source.ts";
import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse, warn } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

type TicketKeysMessage = MessageTypes["envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys"];

/** Name, HMAC key and AES key. */
const KEY_BYTES = 80;

/** `envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys`: the key that tickets are made with. */
export function parseTicketKeys(message: TicketKeysMessage, local: LocalData, path: string): Parsed<Buffer> {
  const problems = [...unsupportedFields(message, { keys: dataSourceSupport }, path)];
  const keys = (message.keys ?? []).flatMap((source, index) => {
    const at = `${path}.keys[${index}]`;
    const read = readDataSource(source, local, at);
    problems.push(...read.problems);
    const length = read.value?.bytes.length ?? KEY_BYTES;
    if (length !== KEY_BYTES) {
      const story = `Incorrect TLS session ticket key length. Length ${length}, expected length ${KEY_BYTES}.`;
      problems.push(refuse(at, story));
    }
    return read.value ? [read.value.bytes] : [];
  });
  if (keys.length > 1) {
    const story = "tickets of the keys behind the first are not taken: their clients do a full handshake";
    problems.push(warn(`${path}.keys`, story));
  }
  return parsed(keys[0] ?? Buffer.alloc(0), problems);
}
