import { errorMessage } from "../../base/error-message.ts";
import { CommandError, exitCode } from "../exit-code.ts";

/** A dump of more would be of more resources than a proxy can have. */
const dumpMaxBytes = 512 * 1024 * 1024;

/** `/config_dump?include_eds` of an admin interface, unless the URL has a path of its own. */
export function dumpUrlOf(text: string): URL {
  const url = new URL(text);
  return url.pathname === "/" ? new URL("/config_dump?include_eds", url) : url;
}

/** Asks a running Envoy. Rejects with `CommandError`: 1 when it is not there or answers otherwise, 124 when it takes too long. */
export async function fetchDump(url: URL, timeoutMs: number): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) {
      throw new CommandError(
        exitCode.failure,
        `${url.href} answers ${response.status}`,
        "expected an Envoy's admin interface",
      );
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > dumpMaxBytes) {
        throw new CommandError(exitCode.failure, `${url.href} answers more than ${dumpMaxBytes} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    if (signal.aborted) {
      throw new CommandError(
        exitCode.timeout,
        `${url.href} did not answer within ${timeoutMs / 1000}s`,
        undefined,
        { cause },
      );
    }
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = errorMessage(inner);
    throw new CommandError(exitCode.failure, `cannot reach ${url.href}: ${reason}`, undefined, { cause });
  }
}
