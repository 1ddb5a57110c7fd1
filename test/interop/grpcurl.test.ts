import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import { CLUSTER, v3Types } from "../../src/xds/type-traits.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { Child } from "../kit/child.ts";
import { needs, peerPath } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";

const file = "clusters: [{name: a, connect_timeout: 1s}]\n";

/** What grpcurl prints about a server in plain text, without any .proto file at hand. */
async function grpcurl(port: number, flags: readonly string[], ...words: readonly string[]): Promise<string> {
  await using child = new Child(peerPath("grpcurl"), ["-plaintext", ...flags, `127.0.0.1:${port}`, ...words]);
  const code = await child.exit();
  assert.equal(code, 0, child.stderr);
  return child.stdout;
}

describe("grpcurl and the services of the control plane (XDS-140)", needs("grpcurl"), () => {
  it("lists them, and describes each and each type that is served", async () => {
    using folder = servedFolder({ "a.yaml": file });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    const services = (await grpcurl(port, [], "list")).trim().split("\n");
    for (const name of [
      "envoy.service.discovery.v3.AggregatedDiscoveryService",
      "envoy.service.load_stats.v3.LoadReportingService",
      "envoy.service.status.v3.ClientStatusDiscoveryService",
      "grpc.health.v1.Health",
    ])
      assert.ok(services.includes(name), name);
    for (const name of services) assert.match(await grpcurl(port, [], "describe", name), /^service /m);
    for (const { typeUrl } of v3Types) {
      const name = typeNameOf(typeUrl);
      assert.match(await grpcurl(port, [], "describe", name), new RegExp(`^${name} is a message:`));
    }
  });

  it("is told that it serves, and given resources in the words of their types", async () => {
    using folder = servedFolder({ "a.yaml": file });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    const health: unknown = JSON.parse(await grpcurl(port, [], "grpc.health.v1.Health/Check"));
    assert.deepEqual(health, { status: "SERVING" });
    const request = JSON.stringify({ node: { id: "n1" }, type_url: CLUSTER });
    const service = "envoy.service.discovery.v3.AggregatedDiscoveryService";
    const answer = await grpcurl(port, ["-d", request], `${service}/StreamAggregatedResources`);
    assert.deepEqual(JSON.parse(answer).resources, [{ "@type": CLUSTER, name: "a", connectTimeout: "1s" }]);
  });

  it("asks for the status of a client (XDS-143)", async () => {
    using folder = servedFolder({ "a.yaml": file });
    await using serve = new ServeProcess(folder.path, folder.state);
    const port = await serve.xdsPort();
    using client = new RawXdsClient(port);
    const stream = client.open(adsSotw);
    stream.send({ node: { id: "n1" }, type_url: CLUSTER });
    const { nonce, version } = await stream.next();
    stream.send({ type_url: CLUSTER, response_nonce: nonce, version_info: version });
    await serve.said("all connected nodes have accepted the revision");
    const request = JSON.stringify({ node_matchers: [{ node_id: { exact: "n1" } }] });
    const service = "envoy.service.status.v3.ClientStatusDiscoveryService";
    const { config } = JSON.parse(await grpcurl(port, ["-d", request], `${service}/FetchClientStatus`));
    assert.equal(config.length, 1);
    assert.equal(config[0].node.id, "n1");
    const [{ typeUrl, name, configStatus }] = config[0].genericXdsConfigs;
    assert.deepEqual([typeUrl, name, configStatus], [CLUSTER, "a", "SYNCED"]);
  });
});
