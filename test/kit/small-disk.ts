import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { hasCapability } from "./capabilities.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const CAP_SYS_ADMIN = 21n;

/** Options for tests that mount: skipped, with the reason, for a process that may not; with CI=true they run, and fail. */
export function needsMounts(): { readonly skip?: string } {
  if (process.env["CI"] === "true" || hasCapability(CAP_SYS_ADMIN)) return {};
  return { skip: "needs CAP_SYS_ADMIN to mount a small disk: run as root" };
}

/** A disk of one MiB, in memory, that a test fills and writes protects; it is gone when the scope ends. */
export class SmallDisk implements Disposable {
  readonly #folder = temporaryFolder();
  readonly path: string;

  constructor() {
    this.path = this.#folder.file("disk");
    mkdirSync(this.path);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", this.path]);
  }

  /** Leaves no room for anything. */
  fill(): void {
    const file = openSync(this.#filler, "w");
    const page = Buffer.alloc(4096, 1);
    try {
      while (writeSync(file, page) > 0);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** There is room again. */
  free(): void {
    rmSync(this.#filler);
  }

  remount(how: "ro" | "rw"): void {
    execFileSync("mount", ["-o", `remount,${how}`, this.path]);
  }

  get #filler(): string {
    return join(this.path, "filler");
  }

  [Symbol.dispose](): void {
    // Lazily: a server that a failed test has left may still have files open.
    execFileSync("umount", ["--lazy", this.path]);
    this.#folder[Symbol.dispose]();
  }
}
