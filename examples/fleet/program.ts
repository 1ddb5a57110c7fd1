import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The folder of the repository that this example is part of. */
export const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

/** The command line of Chancery, as `npx chancery` would find it. */
export const chancery = join(root, "dist/src/main.js");

/** Runs `chancery` to its end and gives what it prints; a command that answers no (exit code 1) is no failure here. */
export async function ask(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [chancery, ...args]);
    return stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === 1 && "stdout" in error) {
      return String(error.stdout);
    }
    throw error;
  }
}

/** Runs `chancery` with the terminal as its own, so that its progress is seen live; resolves to its exit code. */
export async function show(...args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [chancery, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(child, "exit");
  return Number(code);
}

/** Asks a program to end, and waits until it has. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
