import type { Clock } from "../../base/clock.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { Probe } from "../../config/rollout-policy.ts";
import { runProgram } from "../../sources/run-program.ts";

/** More is no verdict, and ends the program. */
const stdoutMaxBytes = 1024 * 1024;
/** The rest of what a program says is not shown. */
const shownMaxLength = 2_000;

/** Before the second attempt; doubled for each after it, so that a refusal at once is not all attempts in one blink. */
const firstPauseMs = 1_000;
const pauseMaxMs = 10_000;

/**
 * Asks as often as the probe says, until it passes: again after 1 s, 2 s, 4 s and so on, at most 10 s. Resolves to why it
 * did not, or to undefined.
 */
export async function runProbe(
  probe: Probe,
  signal: AbortSignal,
  clock: Pick<Clock, "after">,
): Promise<string | undefined> {
  let failure: string | undefined;
  for (let attempt = 0; attempt < probe.attempts; attempt += 1) {
    if (attempt > 0) await pause(Math.min(firstPauseMs * 2 ** (attempt - 1), pauseMaxMs), signal, clock);
    if (signal.aborted) break;
    failure = await askOnce(probe, signal);
    if (failure === undefined) return undefined;
  }
  return failure ?? "it was not asked any more";
}

/** Resolves when the time is over, or the signal is aborted. */
function pause(delayMs: number, signal: AbortSignal, clock: Pick<Clock, "after">): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

async function askOnce(probe: Probe, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(probe.timeoutMs)]);
  try {
    return probe.kind === "http" ? await get(probe.url, limit) : await execute(probe.argv, limit);
  } catch (error) {
    if (limit.aborted) return `no answer within ${probe.timeoutMs} ms`;
    const { cause } = error instanceof Error ? error : {};
    return String(cause instanceof Error ? cause.message : error instanceof Error ? error.message : error);
  }
}

/** A redirect is no pass: it would lead where nobody allowed it to. */
async function get(url: string, signal: AbortSignal): Promise<string | undefined> {
  const response = await fetch(url, { signal, redirect: "manual" });
  await response.body?.cancel();
  return response.ok ? undefined : `GET ${url} answered ${response.status}`;
}

/** Without a shell, and without what the environment of the server knows. */
async function execute(
  [program = "", ...args]: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const env = { ...(process.env["PATH"] !== undefined && { PATH: process.env["PATH"] }) };
  const cwd = process.cwd();
  const result = await runProgram({ program, args, env, cwd, stdoutMaxBytes, signal });
  switch (result.kind) {
    case "ended": {
      if (result.code === 0) return undefined;
      const said = `${result.stdout.toString("utf8", 0, shownMaxLength)}${result.stderr}`.trim();
      const how = result.code < 0 ? "was ended by a signal" : `exited with ${result.code}`;
      return `${program} ${how}: ${said.slice(0, shownMaxLength)}`;
    }
    case "too-much":
      return `${program} printed more than ${stdoutMaxBytes} bytes`;
    case "missing":
      return `${program} cannot be run: ${result.reason}`;
    case "aborted":
      throw signal.reason;
    default:
      return unreachable(result);
  }
}
