import { socketAddress, type SocketAddress } from "../../base/ip-address.ts";
import { printable } from "../../base/printable.ts";
import type { Dissected, Finding } from "./dissected.ts";

/** Longest line with its CRLF (proxy-protocol.txt §2.1). */
const longestLine = 107;

interface Field {
  readonly text: string;
  readonly offset: number;
}

/** Takes a version 1 line apart. `bytes` begins with `PROXY `. */
export function dissectV1(bytes: Buffer): Dissected {
  const end = bytes.indexOf("\r\n", 0, "latin1");
  const findings: Finding[] = [];
  const refuse = (offset: number, message: string) => findings.push({ severity: "error", offset, message });
  const isWhole = end >= 0;
  const length = isWhole ? end + 2 : bytes.length;
  if (!isWhole) refuse(bytes.length, "the bytes end here, before the CRLF that ends the line");
  else if (length > longestLine)
    refuse(longestLine, `the line has ${length} bytes, the limit is ${longestLine}`);
  const [, protocol, source, destination, sourcePort, destinationPort, more] = fieldsOf(
    bytes.toString("latin1", 0, isWhole ? end : Math.min(bytes.length, 1000)),
  );
  const header = { version: "V1", length, isWhole, tlvs: [], findings } as const;
  if (protocol?.text === "UNKNOWN") return { ...header, command: "UNKNOWN" };
  if (protocol?.text !== "TCP4" && protocol?.text !== "TCP6") {
    const offset = protocol?.offset ?? 6;
    refuse(offset, `expected TCP4, TCP6 or UNKNOWN, found ${quoted(protocol?.text ?? "")}`);
    return header;
  }
  const family = protocol.text === "TCP4" ? "IPv4" : "IPv6";
  const end1 = addressOf(family, source, sourcePort, length, refuse, "source");
  const end2 = addressOf(family, destination, destinationPort, length, refuse, "destination");
  if (more) refuse(more.offset - 1, `expected the end of the line, found ${quoted(` ${more.text}`)}`);
  return {
    ...header,
    command: "PROXY",
    transport: `TCP over ${family}`,
    ...(end1 && { source: end1 }),
    ...(end2 && { destination: end2 }),
  };
}

function fieldsOf(line: string): Field[] {
  const fields: Field[] = [];
  let offset = 0;
  for (const text of line.split(" ")) {
    fields.push({ text, offset });
    offset += text.length + 1;
  }
  return fields;
}

function addressOf(
  family: "IPv4" | "IPv6",
  address: Field | undefined,
  port: Field | undefined,
  length: number,
  refuse: (offset: number, message: string) => void,
  name: string,
): SocketAddress | undefined {
  const found = address && socketAddress(address.text, 0);
  const isAddress = found?.family === family;
  if (!isAddress) {
    const text = address ? quoted(address.text) : "the end of the line";
    refuse(address?.offset ?? length, `expected the ${name}'s ${family} address, found ${text}`);
  }
  const isPort = port !== undefined && /^(?:0|[1-9]\d{0,4})$/.test(port.text) && Number(port.text) <= 65535;
  if (!isPort) {
    const text = port ? quoted(port.text) : "the end of the line";
    refuse(port?.offset ?? length, `expected the ${name}'s port, 0 to 65535, found ${text}`);
  }
  return isAddress && isPort ? { ...found, port: Number(port.text) } : undefined;
}

function quoted(text: string): string {
  return JSON.stringify(printable(text, 60));
}
