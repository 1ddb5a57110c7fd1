import { colorFlag, colorsFor } from "./color.ts";
import { type CommandDefinition, defineCommand } from "./command.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { choiceFlag, optionalTextFlag, ownFlag } from "./flag.ts";
import type { LoadHeaderCodec } from "./header-codec.ts";
import { outputFlag, writeReport } from "./output.ts";

/** What an input is that has a form. */
const forms = {
  auto: "hex, base64, a header or a capture",
  hex: "hex",
  base64: "base64",
  raw: "bytes",
  capture: "a pcap or pcapng capture",
} as const;

/** `chancery decode`: a PROXY header for people. */
export function decodeCommand(loadCodec: LoadHeaderCodec): CommandDefinition {
  return defineCommand({
    name: "decode",
    summary: "read a PROXY protocol header from hex, base64, a file or a capture",
    details: [
      "Takes a header of version 1 or 2 apart, names its TLVs (those of AWS, Google Cloud and Azure too), checks its CRC32c, and",
      "says at which byte something is wrong with it, and what Envoy makes of it. HEADER is hex, the dump of a tool, base64 or a",
      "version 1 line; -f reads one from a file or stdin, or finds all headers in a pcap or pcapng capture. Exits 0 when each",
      "header is right, 1 when one is not or there is none, 65 when the input cannot be read.",
    ].join(" "),
    arguments: [{ name: "HEADER", description: "hex, base64 or text", isOptional: true }],
    flags: {
      file: ownFlag(optionalTextFlag("FILE", "read it from a file, - for stdin", { short: "f" })),
      as: choiceFlag(["auto", "hex", "base64", "raw", "capture"], "auto", "what the input is", {
        placeholder: "FORM",
      }),
      output: outputFlag,
      color: colorFlag,
    },
    examples: [
      {
        line: "decode 0d0a0d0a000d0a515549540a2111000ccb007109c6336419c35001bb",
        explains: "a header as hex",
      },
      { line: "decode -f capture.pcapng", explains: "every header in a capture of tcpdump or Wireshark" },
      { line: "decode -f - -o json < header.bin", explains: "the bytes themselves, for programs" },
    ],
    async run({ args, flags, terminal }) {
      const [text] = args;
      if ((text === undefined) === (flags.file === undefined)) {
        throw new CommandError(exitCode.usage, "expected either HEADER or --file");
      }
      const { readBytes } = await import("./read-input.ts");
      const { readInput } = await import("./decode/read-bytes.ts");
      const { decodeInput, isRight } = await import("./decode/report.ts");
      const { formatReport } = await import("./decode/format-report.ts");
      const content =
        text === undefined ? await readBytes(flags.file ?? "-", terminal) : Buffer.from(unescaped(text));
      const input = readInput(content, flags.as);
      if (!input) {
        const expected = forms[flags.as];
        throw new CommandError(exitCode.unreadableInput, `the input is not ${expected}`);
      }
      const report = decodeInput(input, await loadCodec());
      await writeReport(terminal, flags.output, {
        kind: "ProxyHeaders",
        document: { isRight: isRight(report), ...report },
        lines: report.headers.map((header) => ({ ...header })),
        text: () => formatReport(report, colorsFor(flags.color, terminal.env, terminal.stdout)),
      });
      return isRight(report) ? exitCode.ok : exitCode.failure;
    },
  });
}

/** A version 1 line on a command line has its CRLF written out, or left away. */
function unescaped(text: string): string {
  if (!text.startsWith("PROXY ")) return text;
  const line = text.replaceAll(String.raw`\r`, "\r").replaceAll(String.raw`\n`, "\n");
  return line.includes("\n") ? line : `${line}\r\n`;
}
