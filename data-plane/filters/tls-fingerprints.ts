import { createHash } from "node:crypto";
import type { ClientHello } from "../network/client-hello.ts";
import { extensionData, extensionType, uint16s } from "../network/client-hello.ts";

/** RFC 8701: values that clients put in at random, so that servers do not choke on new ones. They tell nothing of the client. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

const isNoGrease = (value: number) => !isGrease(value);

/**
 * JA3: the MD5 of `version,ciphers,extensions,groups,formats`. As Envoy makes it: GREASE is left out of ciphers and extensions, not of
 * the groups.
 */
export function ja3(hello: ClientHello): string {
  const groups = extensionData(hello, extensionType.supportedGroups);
  const formats = extensionData(hello, extensionType.pointFormats);
  const fields = [
    [hello.version],
    hello.cipherSuites.filter(isNoGrease),
    hello.extensions.map(({ type }) => type).filter(isNoGrease),
    groups ? uint16s(groups.subarray(2)) : [],
    formats ? [...formats.subarray(1)] : [],
  ];
  return createHash("md5")
    .update(fields.map((values) => values.join("-")).join(","))
    .digest("hex");
}

const versionNames: ReadonlyMap<number, string> = new Map([
  [0x0304, "13"],
  [0x0303, "12"],
  [0x0302, "11"],
  [0x0301, "10"],
]);

/** JA4, the TLS client fingerprint of FoxIO, as Envoy makes it: `t13d1516h2_8daaf6152771_e5627efa2ab1`. */
export function ja4(hello: ClientHello): string {
  const ciphers = hello.cipherSuites.filter(isNoGrease);
  const types = hello.extensions.map(({ type }) => type).filter(isNoGrease);
  const names: readonly number[] = [extensionType.serverName, extensionType.applicationProtocols];
  const hashed = types.filter((type) => !names.includes(type));
  const signatures = extensionData(hello, extensionType.signatureAlgorithms);
  const algorithms = signatures ? uint16s(signatures.subarray(2)) : [];
  const extensionText = [hex(sorted(hashed)), ...(algorithms.length > 0 ? [hex(algorithms)] : [])].join("_");
  const name = types.includes(extensionType.serverName) ? "d" : "i";
  const head = `t${versionName(hello)}${name}${count(ciphers)}${count(types)}${protocolCharacters(hello)}`;
  return `${head}_${hash(ciphers, hex(sorted(ciphers)))}_${hash(hashed, extensionText)}`;
}

function versionName(hello: ClientHello): string {
  const supported = extensionData(hello, extensionType.supportedVersions);
  const offered = supported ? uint16s(supported.subarray(1)).filter(isNoGrease) : [];
  return versionNames.get(offered.length > 0 ? Math.max(...offered) : hello.version) ?? "00";
}

/** The first and the last character of the first protocol offered, however malformed the rest is. */
function protocolCharacters(hello: ClientHello): string {
  const offered = extensionData(hello, extensionType.applicationProtocols);
  const length = offered?.[2] ?? 0;
  const protocol = offered?.toString("latin1", 3, 3 + length) ?? "";
  if (length === 0 || protocol.length < length) return "00";
  const first = protocol.slice(0, 1);
  const last = protocol.slice(-1);
  if (/^[0-9A-Za-z]{2}$/.test(first + last)) return first + last;
  const high = first.charCodeAt(0) >> 4;
  return high.toString(16) + (last.charCodeAt(0) & 0x0f).toString(16);
}

function count(values: readonly number[]): string {
  return String(Math.min(values.length, 99)).padStart(2, "0");
}

function sorted(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

function hex(values: readonly number[]): string {
  return values.map((value) => value.toString(16).padStart(4, "0")).join(",");
}

/** The first 12 hex digits of the text's SHA-256; zeros for an empty list. */
function hash(values: readonly number[], text: string): string {
  if (values.length === 0) return "0".repeat(12);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
