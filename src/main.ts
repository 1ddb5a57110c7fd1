#!/usr/bin/env node
import { allCommands } from "./cli/commands.ts";
import type { RunProxy } from "./cli/demo/hop.ts";
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

process.exitCode = await runProgram(
  { ...allCommands(runProxy), version: readVersion },
  process.argv.slice(2),
  terminal,
);
