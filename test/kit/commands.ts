import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import { encodeV1, encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import { tlvTypeName } from "../../data-plane/proxy-protocol/tlv-types.ts";
import { allCommands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";
import { fakeTerminal } from "./fake-terminal.ts";

/** The codec of the data plane, as main.ts passes it to commands. */
export const codec = { decodeHeader, encodeV1, encodeV2, tlvTypeName };

/** The commands of `chancery`, with a data plane that does nothing but read and write headers. */
export const { commands, foreign } = allCommands({ runProxy: async () => 0, loadCodec: async () => codec });

/** Parses what stands behind `chancery`, words in single quotes as one; `ran` has the command that would have run. */
export async function parse(
  line: string,
): Promise<{ readonly ran: readonly string[]; readonly code: number; readonly stderr: string }> {
  const ran: string[] = [];
  const inert = commands.map((command) => ({
    ...command,
    run: async () => {
      ran.push(command.name);
      return 0;
    },
  }));
  const words = Array.from(line.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word);
  const terminal = fakeTerminal();
  const code = await runProgram({ commands: inert, foreign: [], version: () => "0" }, words, terminal);
  return { ran, code, stderr: terminal.written.stderr };
}
