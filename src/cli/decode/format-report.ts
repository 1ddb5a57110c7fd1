import { formatSocketAddress, type SocketAddress } from "../../base/ip-address.ts";
import { printable } from "../../base/printable.ts";
import type { Colors } from "../color.ts";
import type { DissectedTlv, Finding } from "./dissected.ts";
import type { DecodedHeader, DecodeReport } from "./report.ts";

/** The report for people: a block a header, one line a field, findings with the byte that they are about. */
export function formatReport({ headers, problems, streams }: DecodeReport, colors: Colors): string {
  const blocks = headers.map((header) => formatHeader(header, colors));
  if (streams !== undefined && headers.length > 0) {
    blocks.push(`${headers.length} of ${streams} directions begin with a header\n`);
  }
  // The findings of a capture are about the file and say themselves where.
  const isCapture = streams !== undefined;
  const rest = problems.map((problem) => formatFinding(problem, colors, !isCapture)).join("");
  return [...blocks, ...(rest ? [rest] : [])].join("\n");
}

function formatHeader({ connection, header, envoy, payloadBytes }: DecodedHeader, colors: Colors): string {
  const title = `PROXY protocol version ${header.version.slice(1)}, ${header.length} bytes`;
  const lines = [
    ...(connection ? [`${connection.from} to ${connection.to}, packet ${connection.frame}`] : []),
    colors.bold(payloadBytes > 0 ? `${title}, then ${payloadBytes} bytes of payload` : title),
    ...field("command", header.command),
    ...field("transport", header.transport),
    ...field("source", endText(header.source)),
    ...field("destination", endText(header.destination)),
    ...header.tlvs.flatMap((tlv) => tlvLines(tlv, "  ")),
    ...field("Envoy", envoyText(envoy)),
  ];
  const findings = header.findings.map((finding) => formatFinding(finding, colors, true)).join("");
  return `${lines.join("\n")}\n${findings}`;
}

function field(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`  ${name.padEnd(12)} ${value}`];
}

function envoyText({ isAccepted, reason, client }: DecodedHeader["envoy"]): string {
  if (!isAccepted) return `refuses it: ${reason}`;
  return client
    ? `takes it; the client is ${formatSocketAddress(client)}`
    : "takes it; the connection keeps its own addresses";
}

function endText(end: SocketAddress | string | undefined): string | undefined {
  if (end === undefined) return undefined;
  return typeof end === "string" ? printable(end) : formatSocketAddress(end);
}

function tlvLines(tlv: DissectedTlv, indent: string): string[] {
  const type = `0x${tlv.type.toString(16).padStart(2, "0")}`;
  const name = tlv.name.includes(type.slice(2).toUpperCase()) ? tlv.name : `${tlv.name} ${type}`;
  const shown = tlv.meaning ?? `${tlv.hex}${tlv.hex.length < tlv.length * 2 ? "…" : ""}`;
  const line = `${indent}TLV at ${tlv.offset}: ${name}, ${tlv.length} bytes: ${shown || "empty"}`;
  return [line, ...(tlv.children ?? []).flatMap((child) => tlvLines(child, `${indent}  `))];
}

function formatFinding({ severity, offset, message }: Finding, colors: Colors, hasOffset: boolean): string {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan }[severity];
  return `${paint(colors.bold(`${severity}:`))} ${hasOffset ? `byte ${offset}: ` : ""}${message}\n`;
}
