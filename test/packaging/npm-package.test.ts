import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { repositoryPath } from "../docs/code-blocks.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readFileSync(repositoryPath("package.json"), "utf8"));
const root = dirname(repositoryPath("package.json"));
const folder = temporaryFolder();
let packed: Packed;
/** A program's folder: in its node_modules the package as it is packed, and what its manifest depends on. */
const project = folder.file("project");
const installed = join(project, "node_modules/chancery");

before(() => {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder.file("")];
  const [only]: Packed[] = JSON.parse(
    execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: "pipe" }),
  );
  assert.ok(only);
  packed = only;
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", folder.file(packed.filename), "-C", installed, "--strip-components=1"]);
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  writeFileSync(join(project, "package.json"), '{"type": "module"}');
});

after(() => folder[Symbol.dispose]());

describe("the npm package", () => {
  it("has what is needed and nothing else, in less than 5 MB", () => {
    assert.ok(packed.unpackedSize < 5_000_000, `${packed.unpackedSize} bytes unpacked`);
    const wanted =
      /^(LICENSE|README\.md|package\.json|dist\/(src|data-plane)\/.+(\.js|\.d\.ts)|src\/schema\/generated\/descriptors\.json\.gz|protos\/chancery\/.+\.proto|examples\/.+)$/;
    const unwanted = /(^|\/)(test|bench|scripts)\/|\.map$|\.test\./;
    const strange = packed.files.filter(({ path }) => !wanted.test(path) || unwanted.test(path));
    assert.deepEqual(strange, []);
  });

  it("has every file that its manifest names, and every type that those lead to", () => {
    const ends = Object.values(manifest.exports).flatMap((one) => [one.types, one.default]);
    const missing = [...ends, ...Object.values(manifest.bin)].filter(
      (path) => !existsSync(join(installed, path)),
    );
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      if (!existsSync(file)) missing.push(file);
      else {
        for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/from ["'](\.[^"']+)["']/g))
          follow(join(dirname(file), path.replace(/\.[jt]s$/, ".d.ts")));
      }
    };
    for (const { types } of Object.values(manifest.exports)) follow(join(installed, types));
    assert.deepEqual(missing, []);
    assert.ok(seen.size > 100);
  });

  it("is imported by a program that has nothing but its dependencies", () => {
    const program = `
      import { createAdsServer, envoyReferences, loadSchema, makeRevision, Snapshot } from "chancery";
      import { defineExtensions } from "chancery/extension";
      const snapshot = Snapshot.of([{ typeUrl: "type.googleapis.com/a.B", name: "n", bytes: Buffer.of(1) }]);
      const server = createAdsServer({ address: "127.0.0.1:0", drainMs: 0, referencesOf: envoyReferences(loadSchema()) });
      server.setRevision(makeRevision({ groups: [{ name: "all", match: {}, snapshot }], source: { kind: "program" }, createdAtMs: 0 }));
      const { port } = await server.start();
      await server.close();
      console.log(port > 0, typeof defineExtensions);
    `;
    writeFileSync(join(project, "program.js"), program);
    assert.equal(run("program.js"), "true function\n");
  });

  it("is typed: a program in strict TypeScript compiles against it", () => {
    const program = `
      import { type AdsServerOptions, createAdsServer, type GrpcService, type XdsEvent } from "chancery";
      import { type Extension, type HttpFilter } from "chancery/extension";
      export const services: readonly GrpcService[] = [];
      export const options: AdsServerOptions = { services, onEvent: (event: XdsEvent) => void event.kind };
      export const server: AsyncDisposable = createAdsServer(options);
      // @ts-expect-error: an option that there is not
      createAdsServer({ adress: "127.0.0.1:0" });
      export type Filters = readonly Extension<HttpFilter>[];
    `;
    writeFileSync(join(project, "program.ts"), program);
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck"];
    const lib = ["--lib", "es2023,esnext.disposable", "--types", "node"];
    execFileSync(process.execPath, [compiler, ...flags, ...lib, "program.ts"], {
      cwd: project,
      stdio: "pipe",
    });
  });

  it("has the command, which npx finds", () => {
    const command = join("node_modules/chancery", manifest.bin["chancery"]!);
    // What npm does with `bin` as it installs.
    chmodSync(join(project, command), 0o755);
    mkdirSync(join(project, "node_modules/.bin"));
    symlinkSync(join(project, command), join(project, "node_modules/.bin/chancery"));
    const npx = ["--no-install", "chancery", "--help"];
    const help = execFileSync("npx", npx, { cwd: project, encoding: "utf8", stdio: "pipe" });
    assert.match(help, /^Usage: chancery /);
    const yaml = "clusters:\n- {name: a, type: STATIC, connect_timeout: 1s}\n";
    writeFileSync(join(project, "a.yaml"), yaml);
    assert.match(run(command, "validate", "a.yaml"), /configuration 'a\.yaml' OK/);
    assert.match(run(command, "proxy", "--help"), /--config-path/);
  });
});

function run(...args: readonly string[]): string {
  return execFileSync(process.execPath, args, { cwd: project, encoding: "utf8", stdio: "pipe" });
}
