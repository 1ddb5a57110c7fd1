import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./temporary-folder.ts";

/** A folder for `chancery serve`, and a place for its state beside it. */
export interface ServedFolder extends Disposable {
  readonly path: string;
  readonly state: string;
  /** Writes a file as editors do: aside, then in place, so that no half file is ever read. */
  write(name: string, text: string): void;
  remove(name: string): void;
}

/** A folder with these files, by name; it is gone when the scope ends. */
export function servedFolder(files: Readonly<Record<string, string>>): ServedFolder {
  const folder = temporaryFolder();
  const path = folder.file("config");
  const write = (name: string, text: string) => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(folder.file("new"), text);
    renameSync(folder.file("new"), file);
  };
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    path,
    state: folder.file("state"),
    write,
    remove: (name) => rmSync(join(path, name)),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A chancery.yaml with which a refused revision stays where it is, to be looked at; without it, it is taken back. */
export const keepRefused = "rollout: {rollback: never}\n";

/** The files of examples/canonical as they are, but for the ports: where it listens, and where the one endpoint is. */
export function canonicalFiles(ports: {
  readonly listener: number;
  readonly endpoint: number;
}): Readonly<Record<"clusters.yaml" | "listeners.yaml", string>> {
  return {
    "clusters.yaml": exampleOf("clusters.yaml").replace(
      "port_value: 10002}",
      `port_value: ${ports.endpoint}}`,
    ),
    "listeners.yaml": exampleOf("listeners.yaml").replace(
      "port_value: 10000}",
      `port_value: ${ports.listener}}`,
    ),
  };
}

function exampleOf(name: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(`#root/examples/canonical/${name}`)), "utf8");
}
