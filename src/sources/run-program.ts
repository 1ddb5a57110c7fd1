import { spawn } from "node:child_process";
import { once } from "node:events";
import { errorMessage } from "../base/error-message.ts";

/** One run of a program, to its end. */
export interface ProgramCall {
  /** A name to look for in PATH, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment: nothing of this process's is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Written to its stdin. */
  readonly input?: string;
  /** More on stdout ends it. */
  readonly stdoutMaxBytes: number;
  /** Ends it, and all that it has started. */
  readonly signal: AbortSignal;
}

export type ProgramResult =
  | { readonly kind: "ended"; readonly code: number; readonly stdout: Buffer; readonly stderr: string }
  | { readonly kind: "too-much" }
  | { readonly kind: "aborted" }
  /** It could not be started. */
  | { readonly kind: "missing"; readonly reason: string };

/** Runs a program to its end. Never rejects. */
export type RunProgram = (call: ProgramCall) => Promise<ProgramResult>;

/** Remotes can make git say as much as they like, and programs of others say what they will. */
const stderrMaxBytes = 16 * 1024;

/** Runs a program of PATH, without a shell, in a process group of its own: ssh and the helpers end with it. */
export const runProgram: RunProgram = async ({ program, args, env, cwd, input, stdoutMaxBytes, signal }) => {
  if (signal.aborted) return { kind: "aborted" };
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  let verdict: "too-much" | "aborted" | undefined;
  const end = (why: "too-much" | "aborted") => {
    verdict ??= why;
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const abort = () => end("aborted");
  signal.addEventListener("abort", abort, { once: true });
  const stdout: Buffer[] = [];
  let stdoutBytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes > stdoutMaxBytes) end("too-much");
    else stdout.push(chunk);
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    // The end says why it failed.
    stderr = (stderr + text).slice(-stderrMaxBytes);
  });
  // A program that ends without reading all of it says why on stderr.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  try {
    const [code] = await once(child, "close");
    if (verdict) return { kind: verdict };
    return {
      kind: "ended",
      code: typeof code === "number" ? code : -1,
      stdout: Buffer.concat(stdout),
      stderr,
    };
  } catch (error) {
    return { kind: "missing", reason: errorMessage(error) };
  } finally {
    signal.removeEventListener("abort", abort);
  }
};

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of the group has ended already.
  }
}
