/** False for 0.0.0.0, 255.255.255.255 and 224.0.0.0/4, which cannot be an end of a TCP connection (PP-24). */
export function isUnicastIpv4(value: number): boolean {
  return value !== 0 && value !== 0xffffffff && value >>> 28 !== 0xe;
}

/** False for `::` and ff00::/8. Only the IPv6 form counts: `::ffff:224.0.0.1` passes (PP-36). */
export function isUnicastIpv6(bytes: Uint8Array, offset: number): boolean {
  if (bytes[offset] === 0xff) return false;
  for (let index = offset; index < offset + 16; index += 1) {
    if (bytes[index] !== 0) return true;
  }
  return false;
}
