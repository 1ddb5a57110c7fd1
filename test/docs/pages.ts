import { readdirSync, readFileSync } from "node:fs";
import { repositoryPath } from "./code-blocks.ts";

/** Every page of the repository, by its path. */
export function allPages(): readonly string[] {
  const below = ["docs", "examples"].flatMap((folder) =>
    readdirSync(repositoryPath(folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  );
  return ["README.md", "CONTRIBUTING.md", ...below];
}

export function textOf(page: string): string {
  return readFileSync(repositoryPath(page), "utf8");
}
