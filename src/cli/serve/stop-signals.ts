import type { Terminal } from "../terminal.ts";

/**
 * Resolves at the first SIGINT or SIGTERM, with its name. A second one ends the process at once: whoever sends it does
 * not want to wait for the drain.
 */
export function firstStopSignal(terminal: Terminal): Promise<"SIGINT" | "SIGTERM"> {
  return new Promise((resolve) => {
    let isFirst = true;
    const stop = (signal: "SIGINT" | "SIGTERM") => {
      if (!isFirst) terminal.exit(1);
      isFirst = false;
      resolve(signal);
    };
    terminal.onSignal("SIGINT", () => stop("SIGINT"));
    terminal.onSignal("SIGTERM", () => stop("SIGTERM"));
  });
}
