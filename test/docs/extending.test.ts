import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { startEchoBackend } from "../kit/echo-backend.ts";
import { freePort } from "../kit/free-port.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { codeBlocks, repositoryPath } from "./code-blocks.ts";

const protos = ["--proto-path", repositoryPath("examples/extending/protos")];
const own = ["--extension", repositoryPath("dist/examples/extending/acme.js"), ...protos];
const config = readFileSync(repositoryPath("examples/extending/config/edge.yaml"), "utf8");

describe("docs/extending.md", () => {
  it("shows the example as it is in examples/", () => {
    const blocks = codeBlocks("docs/extending.md");
    assert.deepEqual(
      blocks.map(({ file }) => file),
      ["examples/extending/protos/acme/v1/filters.proto", "examples/extending/acme.ts"],
    );
    for (const { file, text } of blocks) assert.equal(text, readFileSync(repositoryPath(file), "utf8"));
  });
});

describe("examples/extending", () => {
  it("is valid with its .proto files", async () => {
    const { code, stdout, stderr } = await runChancery([
      "validate",
      repositoryPath("examples/extending/config"),
      ...protos,
    ]);
    assert.equal(code, 0, stdout + stderr);
  });

  it("runs over xDS: a listener, a network and an HTTP filter of its own", async () => {
    await using backend = await startEchoBackend();
    const port = await freePort();
    using folder = servedFolder({
      "edge.yaml": config
        .replace("port_value: 10000", `port_value: ${port}`)
        .replace("port_value: 10002", `port_value: ${backend.port}`),
    });
    await using server = new ServeProcess(folder.path, folder.state, protos);
    const { address } = await server.said("xDS is served");
    const xds = { port: Number(String(address).split(":").at(-1)) };
    await using proxy = await startBundledProxy(adsBootstrap(xds, "delta"), { args: own });

    await using client = await connectTo(port);
    // The line and the request in one write: what the listener filter leaves is the request's.
    client.write("CLIENT 203.0.113.7 40000\nGET / HTTP/1.1\r\nhost: a\r\n\r\n");
    const answer = (await client.receivedThat((bytes) => bytes.includes("x-acme-client"))).toString("latin1");
    assert.match(answer, /^x-acme-client: 203\.0\.113\.7\r$/m);
    assert.match(answer, /^x-forwarded-for: 203\.0\.113\.7\r$/m);

    await using refused = await connectTo(port);
    refused.write("CLIENT 203.0.113.7 80\n");
    await refused.closed();
    await using nonsense = await connectTo(port);
    nonsense.write("GET / HTTP/1.1\r\n");
    await nonsense.closed();
    const stats = await proxy.admin.stats("client_line|client_stamp");
    assert.deepEqual(Object.fromEntries(stats), {
      [`listener.127.0.0.1_${port}.client_line.malformed`]: 1,
      [`listener.127.0.0.1_${port}.client_line.restored`]: 2,
      "http.edge.client_stamp.stamped": 1,
    });
  });

  it("has its field rules and its own refusals in what --mode validate says", async () => {
    using folder = servedFolder({
      "bootstrap.yaml": `static_resources:
  listeners:
  - name: edge
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: one
        typed_config: {"@type": type.googleapis.com/acme.v1.OnlyPorts, from: 70000, to: 1}
      - name: two
        typed_config: {"@type": type.googleapis.com/acme.v1.OnlyPorts, from: 9, to: 8}
`,
    });
    const file = `${folder.path}/bootstrap.yaml`;
    const { code, stderr } = await runChancery(["proxy", "-c", file, "--mode", "validate", ...own]);
    assert.equal(code, 1);
    assert.match(stderr, /bootstrap\.yaml:8:\d+.*from: .*65535/);
  });

  it("cannot be used without its .proto files", async () => {
    using folder = servedFolder({ "bootstrap.yaml": "{}" });
    const args = ["proxy", "-c", `${folder.path}/bootstrap.yaml`, ...own.slice(0, 2)];
    const { code, stderr } = await runChancery(args);
    assert.equal(code, 1);
    assert.match(stderr, /there is no type acme\.v1\.ClientLine; give its \.proto with --proto-path/);
  });
});
