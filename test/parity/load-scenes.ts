import { readdirSync } from "node:fs";
import type { Scene } from "./scene.ts";

/** What a file in `scenes/` exports. */
interface SceneFile {
  readonly scenes: readonly Scene[];
}

/** The scenes of every file in `scenes/`, in order of file names. */
export async function loadScenes(): Promise<readonly Scene[]> {
  const folder = new URL("scenes/", import.meta.url);
  const files = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts"));
  const loaded: readonly SceneFile[] = await Promise.all(
    files.sort().map(async (name) => import(new URL(name, folder).href)),
  );
  return loaded.flatMap(({ scenes }) => scenes);
}
