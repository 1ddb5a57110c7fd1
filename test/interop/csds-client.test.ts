import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { ServeProcess } from "../kit/chancery-process.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { within } from "../kit/within.ts";

const protos = join(dirname(fileURLToPath(import.meta.resolve("@grpc/grpc-js-xds"))), "../../deps");
const type_url = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

interface ClientStatusResponse {
  readonly config: readonly {
    readonly node: { readonly id: string };
    readonly generic_xds_configs: readonly { readonly name: string; readonly config_status: string }[];
  }[];
}

function isConstructor(found: unknown): found is ServiceClientConstructor {
  return typeof found === "function" && "service" in found;
}

/** A client as grpc-js makes it of the .proto files, with none of our code. */
async function csdsClient() {
  const definition = await load("envoy/service/status/v3/csds.proto", {
    keepCase: true,
    enums: String,
    includeDirs: ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((name) => join(protos, name)),
  });
  const path = ["envoy", "service", "status", "v3", "ClientStatusDiscoveryService"];
  let found: unknown = loadPackageDefinition(definition);
  for (const part of path) found = new Map(Object.entries(found ?? {})).get(part);
  assert.ok(isConstructor(found));
  return found;
}

describe("CSDS and a client made of the .proto files (XDS-143)", () => {
  it("is answered, once and as a stream, for the nodes that it asks about", async () => {
    using folder = servedFolder({ "a.yaml": "clusters:\n- {name: a, type: STATIC, connect_timeout: 1s}\n" });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    using xds = new RawXdsClient(port);
    for (const id of ["n1", "n2"]) {
      const stream = xds.open(adsSotw);
      stream.send({ node: { id }, type_url });
      const { nonce: response_nonce, version: version_info } = await stream.next();
      stream.send({ type_url, response_nonce, version_info });
    }
    await serve.said("all connected nodes have accepted the revision");

    const Client = await csdsClient();
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const request = { node_matchers: [{ node_id: { exact: "n2" } }] };
    const once = new Promise<ClientStatusResponse>((resolve, reject) => {
      client["FetchClientStatus"]!(request, (error: Error | null, answer: ClientStatusResponse) =>
        error ? reject(error) : resolve(answer),
      );
    });
    const call = client["StreamClientStatus"]!();
    const streamed = new Promise<ClientStatusResponse>((resolve, reject) => {
      call.once("data", resolve);
      call.once("error", reject);
    });
    call.write(request);
    for (const answer of [
      await within(10_000, "one answer", once),
      await within(10_000, "a streamed one", streamed),
    ]) {
      assert.deepEqual(
        answer.config.map(({ node, generic_xds_configs: configs }) => [
          node.id,
          configs.map(({ name, config_status }) => [name, config_status]),
        ]),
        [["n2", [["a", "SYNCED"]]]],
      );
    }
    call.end();
    client.close();
  });
});
