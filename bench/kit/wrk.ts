import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { peerPath } from "../../test/kit/peers.ts";
import { usageOf } from "./usage.ts";

const run = promisify(execFile);

/** How long one measurement lasts, and how many connections are open at once. */
const seconds = 4;
const connections = 64;
const warmUpSeconds = 2;

/** What one measurement with wrk gives. */
export interface WrkSample {
  readonly requestsPerSecond: number;
  readonly mebibytesPerSecond: number;
  /** Processor time of the measured process, in seconds a second. */
  readonly cpuShare: number;
}

/** Sends requests as fast as they are answered and sees what that costs the process in between. */
export async function measureWithWrk(
  url: string,
  headers: readonly string[],
  pid: number,
): Promise<WrkSample> {
  const flags = headers.flatMap((header) => ["-H", header]);
  const load = (duration: number) =>
    run(peerPath("wrk"), ["-t1", `-c${connections}`, `-d${duration}s`, "--timeout", "30s", ...flags, url]);
  // A proxy runs for months: what its first seconds cost (JIT, growing heaps, cold caches) is not what is measured.
  await load(warmUpSeconds);
  const before = usageOf(pid);
  const { stdout } = await load(seconds);
  const after = usageOf(pid);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`requests failed:\n${stdout}`);
  const [, transferred, unit = ""] = /Transfer\/sec:\s+([\d.]+)(KB|MB|GB)/.exec(stdout) ?? [];
  const mebibytes = { KB: 1 / 1024, MB: 1, GB: 1024 }[unit] ?? Number.NaN;
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    mebibytesPerSecond: Number(transferred) * mebibytes,
    cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds,
  };
}
