import type { SocketAddress } from "../../base/ip-address.ts";
import type { HeaderCodec } from "../header-codec.ts";
import type { Attempt, Payload, Sent } from "./attempt.ts";

/** The ends of a connection as this side has them. */
export interface Ends {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
}

/** A request that changes nothing, for a host; the answer ends the connection. */
export function httpRequest(host: string): Buffer {
  const name = host.includes(":") ? `[${host}]` : host;
  const lines = [
    "HEAD / HTTP/1.1",
    `Host: ${name}`,
    "User-Agent: chancery-probe",
    "Accept: */*",
    "Connection: close",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** What is sent on a connection. */
export function messageOf(
  attempt: Attempt,
  ends: Ends,
  payloads: Readonly<Record<Payload, Buffer>>,
  codec: HeaderCodec,
): Sent {
  return { header: headerOf(attempt, ends, codec), payload: payloads[attempt.payload] };
}

function headerOf(attempt: Attempt, { local, remote }: Ends, codec: HeaderCodec): Buffer {
  if (attempt.header === "none") return Buffer.alloc(0);
  const addresses = attempt.header === "own" ? { source: local, destination: remote } : undefined;
  if (attempt.version === "V1") {
    return attempt.header === "broken" ? Buffer.from("PROXY NOTHING\r\n") : codec.encodeV1(addresses);
  }
  const header = codec.encodeV2(addresses, []).bytes;
  // A version that there is not; the bytes before it are the signature.
  if (attempt.header === "broken") header[12] = 0xf0;
  return header;
}
