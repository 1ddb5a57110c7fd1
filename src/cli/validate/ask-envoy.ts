import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "../../base/error-message.ts";
import type { AskEnvoy } from "../../checks/envoy/envoy-opinion.ts";
import { CommandError, exitCode } from "../exit-code.ts";

export interface EnvoyOptions {
  readonly binary: string;
  /** Where verdicts are kept; they hold for the same binary and the same bytes. */
  readonly cacheFolder: string;
}

const timeoutMs = 60_000;
const mostOutput = 16 * 1024 * 1024;

/**
 * Asks the Envoy at `binary` with `--mode validate`, which opens no sockets and calls nobody. A verdict is kept by content, so
 * that only what changed is asked again; a cache that cannot be written costs time alone. Throws `CommandError` when the
 * binary is not there, cannot be run, or does not answer in a minute.
 */
export async function envoyAsker({ binary, cacheFolder }: EnvoyOptions): Promise<AskEnvoy> {
  const { size, mtimeMs } = await stat(binary).catch((error: unknown) => cannotRun(binary, error));
  return async (bootstrap) => {
    const key = createHash("sha256")
      .update(`${binary}\0${size}\0${mtimeMs}\0`)
      .update(bootstrap)
      .digest("hex");
    const file = join(cacheFolder, key);
    // What cannot be read from the cache is asked again.
    const known = await readFile(file, "utf8").catch(() => undefined);
    if (known !== undefined) return known === "" ? undefined : known;
    const reason = await run(binary, bootstrap);
    await keep(cacheFolder, file, reason ?? "");
    return reason;
  };
}

async function run(binary: string, bootstrap: Buffer): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "chancery-envoy-"));
  try {
    const config = join(folder, "bootstrap.pb");
    await writeFile(config, bootstrap, { mode: 0o600 });
    const args = [
      "--mode",
      "validate",
      "--config-path",
      config,
      "--log-level",
      "error",
      "--disable-hot-restart",
    ];
    return await new Promise((resolve, reject) => {
      execFile(binary, args, { timeout: timeoutMs, maxBuffer: mostOutput }, (error, stdout, stderr) => {
        if (!error) return resolve(undefined);
        if (typeof error.code === "number") return resolve(reasonIn(`${stdout}${stderr}`, config));
        const why = error.killed ? `it did not answer in ${timeoutMs / 1000} s` : error.message;
        return reject(new CommandError(exitCode.failure, `cannot ask ${binary}: ${why}`));
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Envoy's own words, without the time, the place in its source, and the file that it was given. */
function reasonIn(output: string, config: string): string {
  const text = output.replaceAll(config, "bootstrap");
  const marker = "error initializing configuration 'bootstrap': ";
  const at = text.indexOf(marker);
  const reason = at >= 0 ? text.slice(at + marker.length) : text.replace(/^\[[^\]]*\](\[[^\]]*\])*\s*/, "");
  // The message that is meant goes on over lines; a log line or a JSON of the whole begins what is not.
  return reason.split(/\n\[\d{4}-|: \{"/, 1)[0]!.trim() || "it exits without a reason";
}

async function keep(folder: string, file: string, verdict: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, verdict);
    await rename(draft, file);
  } catch {
    // Without a cache the next run asks again.
  }
}

function cannotRun(binary: string, error: unknown): never {
  const why = errorMessage(error);
  throw new CommandError(exitCode.unreadableInput, `cannot run ${binary}: ${why}`);
}
