import { readVersion } from "../server/build-info.ts";
import { defineCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery version`: the versions of the program, of Node.js and of the machine. */
export const versionCommand = defineCommand({
  name: "version",
  summary: "print the version",
  arguments: [],
  flags: { output: outputFlag },
  examples: [
    { line: "version", explains: "for people" },
    { line: "version -o json", explains: "for scripts" },
  ],
  async run({ flags, terminal }) {
    const document = {
      version: readVersion(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    const text = () => `chancery ${document.version} (node ${document.node}, ${document.platform})\n`;
    await writeReport(terminal, flags.output, { kind: "Version", document, text });
    return exitCode.ok;
  },
});
