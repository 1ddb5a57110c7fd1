import { spawn } from "node:child_process";
import type { Probe } from "../../config/rollout-policy.ts";

/** The rest of what a program says is not kept. */
const outputMaxBytes = 2_000;

/** Asks as often as the probe says, until it passes. Resolves to why it did not, or to undefined. */
export async function runProbe(probe: Probe, signal: AbortSignal): Promise<string | undefined> {
  let failure: string | undefined;
  for (let attempt = 0; attempt < probe.attempts && !signal.aborted; attempt += 1) {
    failure = await askOnce(probe, signal);
    if (failure === undefined) return undefined;
  }
  return failure ?? "it was not asked any more";
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
function execute(
  [program = "", ...args]: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      signal,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] },
    });
    let said = "";
    for (const output of [child.stdout, child.stderr])
      output.on("data", (bytes: Buffer) => {
        if (said.length < outputMaxBytes) said += bytes.toString("utf8").slice(0, outputMaxBytes);
      });
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      const how = code === null ? `was ended by ${killedBy ?? "a signal"}` : `exited with ${code}`;
      resolve(code === 0 ? undefined : `${program} ${how}: ${said.trim()}`);
    });
  });
}
