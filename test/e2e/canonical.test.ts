import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeTypeStatus } from "../../src/fleet/node-status.ts";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { startHaProxyReader } from "../kit/haproxy.ts";
import { startNginxReader } from "../kit/nginx.ts";
import { needs } from "../kit/peers.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { canonicalFiles, keepRefused, servedFolder } from "../kit/served-folder.ts";
import { dataPlanes, headerSeenThrough, modes } from "./data-planes.ts";
import { until } from "../kit/within.ts";

/** What HAProxy adds to the addresses when there are no TLVs, as after a V1 header. */
const noTlvs = "authority= unique_id=";

const refused = "the source is not served; the last good revision stays";

/** A listener, ten lines long, whose name is on the second. */
function listener(
  name: string,
  port: number,
  { address = "127.0.0.1", cluster = "service1", filters = "" } = {},
): string {
  return `listeners:
- name: ${name}
  address: {socket_address: {address: ${address}, port_value: ${port}}}
  filter_chains:
  - filters:
${filters}    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: ${name}
        cluster: ${cluster}
`;
}

/** What no check of the text can know to be wrong, by the plane that refuses it; and what the plane says of it. */
const refusals = {
  "an address that this host does not have": {
    planes: ["Envoy", "chancery proxy"],
    yaml: (port: number) => listener("refused", port, { address: "203.0.113.1" }),
    type: "Listener",
    words: /refused: .*203\.0\.113\.1/s,
  },
  "a certificate file that is not there": {
    planes: ["Envoy"],
    yaml: () => `clusters:
- name: refused
  transport_socket:
    name: tls
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
      common_tls_context: {validation_context: {trusted_ca: {filename: /nonexistent/ca.pem}}}
`,
    type: "Cluster",
    words: /refused: .*\/nonexistent\/ca\.pem/s,
  },
  "a filter that the plane does not have": {
    planes: ["chancery proxy"],
    yaml: (port: number) =>
      listener("refused", port, {
        filters: `    - name: zookeeper
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.zookeeper_proxy.v3.ZooKeeperProxy
        stat_prefix: zookeeper
`,
      }),
    type: "Listener",
    words: /refused: .*filter_chains\[0\]\.filters\[0\].*zookeeper_proxy/s,
  },
} as const;

/** How the one node stands with a type, as `chancery status -o json` tells it. */
async function statusOf(serve: ServeProcess, type: string): Promise<NodeTypeStatus> {
  const { code, stdout, stderr } = await runChancery([
    "status",
    "--admin-address",
    await serve.adminAddress(),
    "-o",
    "json",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  const { nodes }: { readonly nodes: readonly { readonly types: readonly NodeTypeStatus[] }[] } =
    JSON.parse(stdout);
  assert.equal(nodes.length, 1);
  const found = nodes[0]?.types.find(({ typeUrl }) => typeUrl.endsWith(`.${type}`));
  assert.ok(found, stdout);
  return found;
}

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`examples/canonical on ${plane}, ${mode}`, { timeout: 60_000, ...options }, () => {
      it("goes from a folder to the wire", needs("nginx", "haproxy"), async (t) => {
        await using nginx = await startNginxReader();
        await using haproxy = await startHaProxyReader();
        const port = await freePort();
        const files = canonicalFiles({ listener: port, endpoint: nginx.port });
        using folder = servedFolder({ ...files, "chancery.yaml": keepRefused });
        await using serve = new ServeProcess(folder.path, folder.state);
        await using proxy = await start(adsBootstrap({ port: await serve.xdsPort() }, mode));
        const clusterOn = (endpoint: number) => canonicalFiles({ listener: port, endpoint })["clusters.yaml"];

        await t.test("nginx reads the client's address out of the header", async () => {
          assert.equal(await headerSeenThrough(port), "");
        });

        await t.test("a change of the endpoint, to a name, sends new connections to HAProxy", async () => {
          const named = clusterOn(haproxy.port).replace("{address: 127.0.0.1,", "{address: localhost,");
          await serve.accepted(() => folder.write("clusters.yaml", named));
          assert.equal(await headerSeenThrough(port), noTlvs);
        });

        await t.test("a change from V1 to V2 brings TLVs", async () => {
          const tlv = `{version: V2, added_tlvs: [{type: 2, value: ${Buffer.from("here").toString("base64")}}]}`;
          const changed = clusterOn(haproxy.port).replace(/config:\s+version: V1/, `config: ${tlv}`);
          await serve.accepted(() => folder.write("clusters.yaml", changed));
          assert.equal(await headerSeenThrough(port), "authority=here unique_id=");
          await serve.accepted(() => folder.write("clusters.yaml", clusterOn(haproxy.port)));
          assert.equal(await headerSeenThrough(port), noTlvs);
        });

        await t.test("a removal closes the port and lets the cluster go", async () => {
          const other = await freePort();
          const more = `${clusterOn(nginx.port).replaceAll("service1", "more")}${listener("more", other, { cluster: "more" })}`;
          await serve.accepted(() => folder.write("more.yaml", more));
          assert.equal(await headerSeenThrough(other), "");
          await serve.accepted(() => folder.remove("more.yaml"));
          // An Envoy accepts the removal before its workers have closed the port.
          await until(10_000, "the port is closed", async () => {
            try {
              const client = await connectTo(other);
              await client[Symbol.asyncDispose]();
              return undefined;
            } catch (error) {
              assert.equal(Object(error).code, "ECONNREFUSED");
              return true;
            }
          });
          const stats = await proxy.admin.stats("^cluster_manager\\.cluster_removed$");
          assert.equal(stats.get("cluster_manager.cluster_removed"), 1);
          assert.equal(await headerSeenThrough(port), noTlvs);
        });

        await t.test("a change that the checks refuse reaches nobody", async () => {
          const before = await statusOf(serve, "Cluster");
          folder.write("clusters.yaml", clusterOn(nginx.port).replace("strict_dns", "strikt_dns"));
          await serve.said(refused);
          const problem = serve.lines.find(({ component }) => component === "config");
          assert.ok(String(problem?.["file"]).endsWith("clusters.yaml"));
          assert.deepEqual([problem?.["line"], problem?.["suggestion"]], [4, "STRICT_DNS"]);
          assert.equal((await statusOf(serve, "Cluster")).sentVersion, before.sentVersion);
          assert.equal(await headerSeenThrough(port), noTlvs);
          folder.write("clusters.yaml", clusterOn(haproxy.port));
          await serve.said("the source is good again; nothing changed");
        });

        for (const [what, { planes, yaml, type, words }] of Object.entries(refusals)) {
          if (!planes.some((name) => name === plane)) continue;
          await t.test(`the plane refuses ${what}, in its own words, and goes on with the rest`, async () => {
            const spare = await freePort();
            const before = serve.lines.length;
            await serve.refusal(() =>
              folder.write("bad.yaml", `\n${yaml(spare)}---\nclusters: [{name: extra}]\n`),
            );
            const { state, refusal } = await statusOf(serve, type);
            assert.equal(state, "NACKED");
            assert.match(refusal?.message ?? "", words);
            assert.deepEqual(
              refusal?.resources.map(({ name, place }) => [
                name,
                place?.line,
                place?.file.endsWith("/bad.yaml"),
              ]),
              [["refused", 3, true]],
            );
            assert.equal(await headerSeenThrough(port), noTlvs);

            // A good change clears it. The extra cluster did get there, and yet the bad revision did not count as accepted.
            const good = await serve.accepted(() => folder.write("bad.yaml", listener("refused", spare)));
            const accepted = serve.lines.slice(before).filter(({ msg }) => msg.includes("have accepted"));
            assert.deepEqual(
              accepted.map(({ revision }) => revision),
              [good],
            );
            const cleared = await statusOf(serve, type);
            assert.deepEqual([cleared.state, cleared.refusal], ["SYNCED", undefined]);
            assert.equal(await headerSeenThrough(spare), noTlvs);
            await serve.accepted(() => folder.remove("bad.yaml"));
          });
        }
        assert.ok(proxy.child.isRunning && serve.child.isRunning);
      });
    });
  }
}
