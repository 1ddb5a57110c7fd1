/** The twelve bytes that begin every version 2 header (proxy-protocol.txt §2.2). */
export const V2_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

/** Signature, version and command, family and transport, length. */
export const V2_FIXED_BYTES = 16;

/** The length field is 16 bits wide: address block and TLVs together. */
export const V2_MAX_BODY_BYTES = 65535;

/** Two addresses and two ports. */
export const V2_IPV4_BLOCK_BYTES = 12;
export const V2_IPV6_BLOCK_BYTES = 36;

/** What a version 1 line begins with; the space belongs to it (PP-4). */
export const V1_SIGNATURE = Buffer.from("PROXY ", "latin1");

/** Longest version 1 line with its CRLF, one byte more than proxy-protocol.txt §2.1 says (PP-15). */
export const V1_MAX_LINE_BYTES = 108;
