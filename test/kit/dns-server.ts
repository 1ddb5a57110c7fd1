import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv4 } from "node:net";

/** What a name has: addresses of both families, and for how many seconds. `failure` answers SERVFAIL. */
export interface DnsRecords {
  readonly addresses: readonly string[];
  readonly ttl?: number;
}

/** A DNS server on UDP that knows A and AAAA records of the names it is told; any other name does not exist (NXDOMAIN). */
export class DnsServer implements AsyncDisposable {
  readonly records: Map<string, DnsRecords | "failure">;
  /** `A name` and `AAAA name`, in order of arrival. */
  readonly questions: string[] = [];
  readonly #socket: Socket;

  constructor(socket: Socket, records: Readonly<Record<string, DnsRecords | "failure">>) {
    this.#socket = socket;
    this.records = new Map(Object.entries(records));
    socket.on("message", (query, { address, port }) => socket.send(this.#answer(query), port, address));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const type = query.readUInt16BE(at + 1) === 1 ? "A" : "AAAA";
    const name = labels.join(".").toLowerCase();
    this.questions.push(`${type} ${name}`);
    const found = this.records.get(name);
    const records = typeof found === "object" ? found : { addresses: [] };
    const addresses = records.addresses.filter((address) => isIPv4(address) === (type === "A"));
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    const code = found === "failure" ? 2 : found === undefined ? 3 : 0;
    header.writeUInt16BE(0x8580 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    return Buffer.concat([
      header,
      question,
      ...addresses.map((address) => record(address, records.ttl ?? 60)),
    ]);
  }
}

export async function startDnsServer(
  records: Readonly<Record<string, DnsRecords | "failure">>,
): Promise<DnsServer> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return new DnsServer(socket, records);
}

/** A resource record for the name of the question. */
function record(address: string, ttl: number): Buffer {
  const data = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : ipv6Bytes(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(data.length === 4 ? 1 : 28, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function ipv6Bytes(address: string): Buffer {
  const [before = "", after = ""] = address.split("::");
  const first = groups(before);
  const last = groups(after);
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}
