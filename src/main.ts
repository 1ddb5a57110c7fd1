#!/usr/bin/env node
import { allCommands } from "./cli/commands.ts";
import type { RunProxy } from "./cli/demo/hop.ts";
import type { LoadHeaderCodec } from "./cli/header-codec.ts";
import { runProgram } from "./cli/program.ts";
import type { Terminal } from "./cli/terminal.ts";
import { readVersion } from "./server/build-info.ts";

// A reader that left (`chancery status | head`) ends the command; it is nobody's error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const terminal: Terminal = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  pid: process.pid,
  onSignal: (signal, callback) => {
    process.on(signal, callback);
    return () => process.off(signal, callback);
  },
  exit: (code) => process.exit(code),
};

/** The data plane, loaded when it is asked for. */
const runProxy: RunProxy = async (args, proxyTerminal) => {
  const dataPlane = await import("../data-plane/main.ts");
  return dataPlane.runProxy(args, proxyTerminal);
};

/** Its codec of the PROXY protocol, likewise. */
const loadCodec: LoadHeaderCodec = async () => {
  const [{ decodeHeader }, { encodeV1, encodeV2 }, { tlvTypeName }] = await Promise.all([
    import("../data-plane/proxy-protocol/decode-header.ts"),
    import("../data-plane/proxy-protocol/encode-header.ts"),
    import("../data-plane/proxy-protocol/tlv-types.ts"),
  ]);
  return { decodeHeader, encodeV1, encodeV2, tlvTypeName };
};

process.exitCode = await runProgram(
  { ...allCommands({ runProxy, loadCodec }), version: readVersion },
  process.argv.slice(2),
  terminal,
);
