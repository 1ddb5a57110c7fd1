import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadDescriptors } from "../../src/schema/load.ts";
import { descriptorsFromSet } from "../../src/schema/user-types/from-set.ts";
import { embeddedDescriptors } from "../kit/embedded-descriptors.ts";
import { needs, peerPath } from "../kit/peers.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const run = promisify(execFile);
const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

/** Runs scripts/envoy-api. */
const go = (...args: readonly string[]) =>
  run(peerPath("go"), ["run", "-C", "scripts/envoy-api", ".", ...args], { cwd: root });

/** The supplements below a folder, by their paths in it. */
function textsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(proto|txt)$/.test(name))
    .sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Types of protos/chancery, which Envoy does not have. */
const isOurs = (name: string) => name.startsWith("chancery.");

describe("the bundle against the descriptors compiled into go-control-plane", needs("go"), () => {
  it("lacks nothing of the Envoy 1.40 API, and has nothing otherwise or beyond it", async () => {
    const bundle = join(root, "src/schema/generated/descriptors.json");
    const { stdout } = await go("check", bundle);
    const [compared, ...counts] = stdout.trimEnd().split("\n");
    const fields = Number(/(\d+) of them in envoy v3 packages/.exec(compared ?? "")?.[1]);
    assert.ok(fields > 4600, `only ${fields} v3 fields were compared`);
    assert.deepEqual(counts, ["missing 0", "different 0", "extra 0"]);
  });

  it("would be told of a field that is lacking, other or too much", async () => {
    using folder = temporaryFolder();
    const { messages, enums } = loadDescriptors();
    const cluster = messages.get("envoy.config.cluster.v3.Cluster")!;
    const fields = cluster.fields.flatMap((field) => {
      if (field.name === "lb_policy") return [];
      if (field.name === "connect_timeout") return [{ ...field, rules: { duration: { gte: {} } } }];
      return field.name === "name" ? [field, { ...field, name: "nickname", number: 999 }] : [field];
    });
    const broken = new Map(messages).set(cluster.name, { ...cluster, fields });
    const text = JSON.stringify({ messages: [...broken.values()], enums: [...enums.values()] });
    writeFileSync(folder.file("bundle.json"), text);

    const failure: unknown = await go("check", folder.file("bundle.json")).catch((error: unknown) => error);
    assert.ok(failure instanceof Error && "stdout" in failure && typeof failure.stdout === "string");
    const lines = failure.stdout.split("\n").filter((line) => !line.startsWith("compared"));
    assert.deepEqual(lines, [
      "missing   envoy.config.cluster.v3.Cluster.lb_policy",
      "different envoy.config.cluster.v3.Cluster.connect_timeout",
      "extra     envoy.config.cluster.v3.Cluster.nickname",
      "missing 1",
      "different 1",
      "extra 1",
      "",
    ]);
  });

  it("has supplements that say just what the npm package lacks, as scripts/envoy-api writes them", async () => {
    using folder = temporaryFolder();
    await run(process.execPath, ["scripts/generate.mjs", "--bare", folder.file("npm.json")], { cwd: root });
    await go("supplements", folder.file("npm.json"), folder.file("supplements"));
    assert.deepEqual(textsOf(join(root, "protos/supplements")), textsOf(folder.file("supplements")));
  });

  it("reads the same out of them as a FileDescriptorSet", async () => {
    using folder = temporaryFolder();
    await go("set", folder.file("envoy.binpb"));
    const base = loadDescriptors();
    const bytes = readFileSync(folder.file("envoy.binpb"));
    const { descriptors, problems } = descriptorsFromSet(bytes, base, "envoy.binpb");
    assert.deepEqual(problems, []);
    for (const [name, message] of base.messages) {
      if (!isOurs(name)) assert.deepEqual(descriptors.messages.get(name), message);
    }
    for (const [name, type] of base.enums) {
      if (!isOurs(name)) assert.deepEqual(descriptors.enums.get(name), type);
    }
  });
});

describe("the bundle against the descriptors inside the Envoy 1.40 binary", needs("envoy"), () => {
  it("knows every v3 field that this Envoy was built with, rules and all", () => {
    const base = loadDescriptors();
    const set = embeddedDescriptors(readFileSync(peerPath("envoy")));
    const { descriptors, problems } = descriptorsFromSet(set, base, "envoy");
    assert.deepEqual(problems, []);
    const v3 = [...descriptors.messages.values()].filter(({ name }) => /^envoy\.(.*\.)?v3\./.test(name));
    const fields = v3.reduce((sum, message) => sum + message.fields.length, 0);
    assert.ok(fields > 4500, `only ${fields} v3 fields were found`);
    for (const message of v3) assert.deepEqual(base.messages.get(message.name), message);
  });
});
