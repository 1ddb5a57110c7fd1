/**
 * Names of the TLV types in use, for tools that show a header; the proxy itself gives none of them a meaning
 * (PP-39). proxy-protocol.txt §2.2, and the clouds' own types: AWS (VPC endpoint id), Google Cloud (Private
 * Service Connect id), Azure (Private Link id).
 */
const TLV_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, "PP2_TYPE_ALPN"],
  [0x02, "PP2_TYPE_AUTHORITY"],
  [0x03, "PP2_TYPE_CRC32C"],
  [0x04, "PP2_TYPE_NOOP"],
  [0x05, "PP2_TYPE_UNIQUE_ID"],
  [0x20, "PP2_TYPE_SSL"],
  [0x21, "PP2_SUBTYPE_SSL_VERSION"],
  [0x22, "PP2_SUBTYPE_SSL_CN"],
  [0x23, "PP2_SUBTYPE_SSL_CIPHER"],
  [0x24, "PP2_SUBTYPE_SSL_SIG_ALG"],
  [0x25, "PP2_SUBTYPE_SSL_KEY_ALG"],
  [0x26, "PP2_SUBTYPE_SSL_GROUP"],
  [0x27, "PP2_SUBTYPE_SSL_SIG_SCHEME"],
  [0x28, "PP2_SUBTYPE_SSL_CLIENT_CERT"],
  [0x30, "PP2_TYPE_NETNS"],
  [0xe0, "PP2_TYPE_GCP"],
  [0xea, "PP2_TYPE_AWS"],
  [0xee, "PP2_TYPE_AZURE"],
]);

/** The name of a type, or of the range it lies in: custom 0xE0 to 0xEF, experimental 0xF0 to 0xF7, future above. */
export function tlvTypeName(type: number): string {
  const name = TLV_TYPE_NAMES.get(type);
  if (name) return name;
  const hex = `0x${type.toString(16).padStart(2, "0").toUpperCase()}`;
  if (type >= 0xf8) return `future ${hex}`;
  if (type >= 0xf0) return `experimental ${hex}`;
  return type >= 0xe0 ? `custom ${hex}` : `unknown ${hex}`;
}
