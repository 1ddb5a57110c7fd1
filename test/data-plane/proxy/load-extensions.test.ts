import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadExtensions } from "../../../data-plane/proxy/load-extensions.ts";
import { findExtension } from "../../../data-plane/resources/extension.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";

const rawBuffer = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

async function load(...modules: readonly string[]) {
  using folder = temporaryFolder();
  const files = modules.map((text, index) => {
    const file = `own-${index}.mjs`;
    writeFileSync(folder.file(file), text);
    return file;
  });
  const cwd = folder.file(".");
  return await loadExtensions({
    files,
    cwd,
    hasType: (name) => name === rawBuffer || name.startsWith("known."),
  });
}

const extension = (typeName: string) =>
  `{typeName: ${JSON.stringify(typeName)}, parse: () => ({problems: []})}`;

describe("loadExtensions()", () => {
  it("puts the users' own behind the bundled ones, so that the last one for a type counts", async () => {
    const { value: table } = await load(
      `export default {downstreamTransportSockets: [${extension(rawBuffer)}]}`,
      `export default {httpFilters: [${extension("known.A")}], networkFilters: [${extension("known.B")}]}`,
    );
    assert.ok(table);
    assert.deepEqual(findExtension(table, "downstreamTransportSockets", rawBuffer)?.parse.length, 0);
    assert.equal(findExtension(table, "httpFilters", "known.A")?.typeName, "known.A");
    assert.equal(findExtension(table, "networkFilters", "known.B")?.typeName, "known.B");
    assert.ok(
      findExtension(table, "networkFilters", "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
    );
  });

  it("says all that is wrong with all files at once", async () => {
    const { value, problems } = await load(
      "export const filters = []",
      "throw new Error('no licence')",
      "export default {",
      `export default {httpFilter: [], networkFilters: {}, listenerFilters: [1, ${extension("acme.Unknown")}]}`,
    );
    assert.equal(value, undefined);
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message.replace("cannot use the extension ", "")]),
      [
        "own-0.mjs: it has no default export made with defineExtensions()",
        "own-1.mjs: no licence",
        "own-2.mjs: Unexpected end of input",
        "own-3.mjs: there is no kind of extension httpFilter: did you mean httpFilters?",
        "own-3.mjs: networkFilters is no list",
        "own-3.mjs: listenerFilters[0] has no typeName or no parse()",
        "own-3.mjs: listenerFilters[1]: there is no type acme.Unknown; give its .proto with --proto-path or --descriptors",
      ].map((message) => ["unusable-extension", message]),
    );
  });

  it("says of a file that is not there where it was looked for", async () => {
    const { problems } = await loadExtensions({
      files: ["none.js"],
      cwd: "/nonexistent",
      hasType: () => true,
    });
    assert.match(problems[0]?.message ?? "", /none\.js: Cannot find module '\/nonexistent\/none\.js'$/);
  });
});
