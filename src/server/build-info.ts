import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The version of this package, as `package.json` beside the code states it. */
export function readVersion(): string {
  const file = fileURLToPath(import.meta.resolve("#root/package.json"));
  const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
  const hasVersion = typeof parsed === "object" && parsed !== null && "version" in parsed;
  if (!hasVersion || typeof parsed.version !== "string") throw new Error(`${file} has no version`);
  return parsed.version;
}
