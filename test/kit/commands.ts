import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import { encodeV1, encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import { tlvTypeName } from "../../data-plane/proxy-protocol/tlv-types.ts";
import { allCommands } from "../../src/cli/commands.ts";

/** The codec of the data plane, as main.ts passes it to commands. */
export const codec = { decodeHeader, encodeV1, encodeV2, tlvTypeName };

/** The commands of `chancery`, with a data plane that does nothing but read and write headers. */
export const { commands, foreign } = allCommands({ runProxy: async () => 0, loadCodec: async () => codec });
