import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { SessionMode } from "../../data-plane/xds-client/session.ts";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { freePort } from "../kit/free-port.ts";
import { needs } from "../kit/peers.ts";
import type { RecordingBackend } from "../kit/recording-backend.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";

/** The canonical cluster, whose header tells the upstream who the client is, and a listener in front of it. */
function config(listenerPort: number, upstreamPort: number, more = ""): string {
  return `
clusters:
- name: service1
  connect_timeout: 0.25s
  type: strict_dns
  lb_policy: round_robin
  transport_socket:
    name: envoy.transport_sockets.upstream_proxy_protocol
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      config:
        version: V1
      transport_socket:
        name: envoy.transport_sockets.raw_buffer
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
  load_assignment:
    cluster_name: service1
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstreamPort}}}}
listeners:
- name: front
  address: {socket_address: {address: 127.0.0.1, port_value: ${listenerPort}}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: front
        cluster: service1
${more}`;
}

/** A folder to serve, written the way that editors write. */
function servedFolder(text: string) {
  const folder = temporaryFolder();
  const path = folder.file("config");
  mkdirSync(path);
  const write = (content: string) => {
    writeFileSync(folder.file("new"), content);
    renameSync(folder.file("new"), join(path, "all.yaml"));
  };
  write(text);
  return { path, state: folder.file("state"), write, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Sends a line through the port; the upstream must get it behind a header with this client's port. */
async function relays(port: number, upstream: RecordingBackend): Promise<void> {
  await using client = await connectTo(port);
  const line = `hello from ${client.localPort}\n`;
  client.write(line);
  const received = await until(10_000, `the upstream gets ${line}`, () =>
    upstream.connections
      .map((connection) => connection.received.toString())
      .find((text) => text.endsWith(line)),
  );
  assert.equal(received, `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${port}\r\n${line}`);
}

const subjects = [
  ["chancery proxy", startBundledProxy, {}],
  ["Envoy", startEnvoy, needs("envoy")],
] as const;
const modes = ["sotw", "delta"] as const satisfies readonly SessionMode[];
const cases = subjects.flatMap((subject) => modes.map((mode) => [...subject, mode] as const));

for (const [title, start, options, mode] of cases) {
  describe(`chancery serve and ${title}, ${mode}`, { timeout: 90_000, ...options }, () => {
    it("XC-50 relays on through a kill -9 of the control plane, and takes what changed when it is back", async () => {
      await using upstream = await startRecordingBackend();
      await using other = await startRecordingBackend();
      const port = await freePort();
      using folder = servedFolder(config(port, upstream.port));
      const first = new ServeProcess(folder.path, folder.state);
      const xds = { port: await first.xdsPort() };
      await using proxy = await start(adsBootstrap(xds, mode), { untilLive: false });
      await live(proxy);
      await relays(port, upstream);
      await using client = await connectTo(port);
      client.write("begun\n");
      const begun = await upstream.connection(1);
      await begun.receivedThat((bytes) => bytes.toString().endsWith("begun\n"));

      first.child.kill("SIGKILL");
      await first.child.exit();
      await relays(port, upstream);
      client.write("still here\n");
      await begun.receivedThat((bytes) => bytes.toString().endsWith("still here\n"));

      folder.write(config(port, other.port));
      await using second = new ServeProcess(folder.path, folder.state, [
        "--xds-address",
        `127.0.0.1:${xds.port}`,
      ]);
      await until(20_000, "new connections go to the other upstream", async () => {
        await using probe = await connectTo(port);
        probe.write("probe\n");
        return other.connections.length > 0 || undefined;
      });
      await relays(port, other);
      assert.ok(second.child.isRunning);
    });

    it("keeps serving when a push is refused, and tells the control plane why", async () => {
      await using upstream = await startRecordingBackend();
      const port = await freePort();
      using folder = servedFolder(config(port, upstream.port));
      await using serve = new ServeProcess(folder.path, folder.state);
      await using proxy = await start(adsBootstrap({ port: await serve.xdsPort() }, mode), {
        untilLive: false,
      });
      await live(proxy);
      await relays(port, upstream);
      // The port is taken, which no check of the text can know.
      const taken = upstream.port;
      folder.write(config(port, upstream.port, secondListener(taken)));
      const refusal = await until(20_000, "the refusal arrives", async () => {
        const { text } = await serve.get("/api/v1/nodes");
        return /second: [^"]*/.exec(text)?.[0];
      });
      assert.match(refusal, new RegExp(`${taken}`));
      await relays(port, upstream);
    });
  });
}

function secondListener(port: number): string {
  return `
- name: second
  address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: second
        cluster: service1
`;
}
