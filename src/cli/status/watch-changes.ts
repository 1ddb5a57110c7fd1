import { setTimeout as pause } from "node:timers/promises";
import { errorMessage } from "../../base/error-message.ts";
import { formatListenAddress } from "../../server/listen-address.ts";
import { type AdminCall, authorization } from "../admin-client.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

/** Events come in bursts; the screen changes at most this often. */
const atMostEveryMs = 500;

/**
 * Calls `show` at once and again after every event of the server, until SIGINT or SIGTERM. Throws `CommandError` when the
 * server goes away.
 */
export async function watchChanges(
  { address, token }: Pick<AdminCall, "address" | "token">,
  terminal: Terminal,
  show: () => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  const unhook = [terminal.onSignal("SIGINT", end), terminal.onSignal("SIGTERM", end)];
  try {
    await show();
    const response = await fetch(`http://${formatListenAddress(address)}/api/v1/events`, {
      signal: stop.signal,
      headers: authorization(token),
    });
    for await (const chunk of response.body ?? []) {
      if (!Buffer.from(chunk).includes("event:")) continue;
      await pause(atMostEveryMs, undefined, { signal: stop.signal });
      await show();
    }
    throw new Error("it ended the connection");
  } catch (error) {
    if (stop.signal.aborted) return;
    if (error instanceof CommandError) throw error;
    const reason = errorMessage(error);
    const where = formatListenAddress(address);
    throw new CommandError(exitCode.failure, `lost ${where}: ${reason}`, undefined, { cause: error });
  } finally {
    for (const undo of unhook) undo();
  }
}
