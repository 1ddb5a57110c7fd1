import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { root } from "./program.ts";

const run = promisify(execFile);
const template = join(root, "examples/fleet/config");

/** The git repository that the fleet is configured from. */
export class Repository {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Makes one at `path` with the configuration of this example in its first commit. */
  static async create(path: string): Promise<Repository> {
    await cp(template, path, { recursive: true });
    const repository = new Repository(path);
    await repository.#git("init", "--quiet", "--initial-branch=main");
    await repository.#commit("Serve release 1");
    return repository;
  }

  get url(): string {
    return pathToFileURL(this.#path).href;
  }

  /** Replaces a text of the listener by another, and commits that. */
  async change(from: string, to: string, message: string): Promise<void> {
    const file = join(this.#path, "groups/fleet/web.yaml");
    const text = await readFile(file, "utf8");
    if (!text.includes(from)) throw new Error(`the configuration has no ${from}`);
    await writeFile(file, text.replace(from, to));
    await this.#commit(message);
  }

  /** As a person would, after a commit that was bad. */
  async revert(): Promise<void> {
    await this.#git("revert", "--no-edit", "HEAD");
  }

  async #commit(message: string): Promise<void> {
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "-m", message);
  }

  async #git(...args: readonly string[]): Promise<void> {
    const person = [
      "-c",
      "user.name=Ann Author",
      "-c",
      "user.email=ann@example.com",
      "-c",
      "commit.gpgsign=false",
    ];
    await run("git", [...person, ...args], { cwd: this.#path });
  }
}
