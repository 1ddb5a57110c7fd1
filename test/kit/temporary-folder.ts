import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is gone, with all that is in it, when the scope ends. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
  /** The path of a file in it. */
  file(name: string): string;
  /** Writes a file in it, aside and then in place, and returns its path. */
  put(name: string, content: string | Uint8Array): string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "chancery-test-"));
  return {
    path,
    file: (name) => join(path, name),
    put: (name, content) => {
      const file = join(path, name);
      writeFileSync(`${file}.new`, content);
      renameSync(`${file}.new`, file);
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
