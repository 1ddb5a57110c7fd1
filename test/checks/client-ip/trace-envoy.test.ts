import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { listenAddressOf, readHop } from "../../../src/checks/client-ip/read-hop.ts";
import { readViews } from "../../../src/checks/client-ip/read-views.ts";
import { arrives, traceChain, type Trace } from "../../../src/checks/client-ip/trace-chain.ts";
import { loadSchema } from "../../../src/schema/load.ts";
import { needsNetAdmin } from "../../kit/capabilities.ts";
import { codec } from "../../kit/commands.ts";
import { startEnvoy } from "../../kit/envoy.ts";
import type { JsonObject } from "../../kit/json.ts";
import { needs } from "../../kit/peers.ts";
import type { ProxyProcess } from "../../kit/proxy-process.ts";
import { startRecordingBackend, type RecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { type ChainCase, chainCases, sources } from "./chain-cases.ts";
import { hopResources } from "./hop-resources.ts";

const from = "127.0.0.7";
const loadBalancer = "127.0.0.8";
const schema = loadSchema();

/** What the last upstream sees of a request, and whom each HTTP hop takes for the client. */
interface Seen {
  readonly tcpSource: string;
  readonly headers: readonly string[];
  readonly xff: string;
  readonly clients: Readonly<Record<string, string>>;
}

const nameOf = (index: number) => `hop${index}`;

/** The hops of a case, from the last on; `portOf` gives where the hop behind each is. */
function resourcesOf({ hops }: ChainCase, portOf: (index: number) => number) {
  return hops.map((plan, index) => hopResources(nameOf(index), plan, sources[index]!, portOf(index)));
}

function predict(chain: ChainCase): { readonly seen?: Seen; readonly trace: Trace } {
  const files = resourcesOf(chain, () => 1).map(({ listener, cluster }, index) => ({
    path: `groups/${nameOf(index)}/all.json`,
    text: JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } }),
  }));
  const { views, problems } = readViews(schema, files);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const named = views.map((view) => {
    const [listener] = view.listeners.values();
    const listensOn = listenAddressOf(listener!);
    return {
      settings: readHop(view, listener!, view.group.name),
      ...(listensOn !== undefined && { listensOn }),
    };
  });
  const via = chain.header === undefined ? {} : { via: loadBalancer };
  const trace = traceChain(named, {
    from,
    ...via,
    ...(chain.header === "nobody" && { headerNamesNobody: true }),
    ...(chain.xff !== undefined && { xff: [chain.xff] }),
  });
  if (!trace.delivered) return { trace };
  const { tcpSource, headers, xff = [] } = trace.delivered;
  const clients = trace.hops.flatMap(({ hop, result }, index) =>
    result.kind === "passed" && chain.hops[index]!.http ? [[`x-${hop.settings.name}`, result.client]] : [],
  );
  return {
    trace,
    seen: {
      tcpSource,
      headers: headers.map(({ version, source }) => `${version} ${source ?? "nobody"}`),
      xff: xff.join(","),
      clients: Object.fromEntries(clients),
    },
  };
}

describe("a traced address beside real Envoys", { ...needs("envoy"), ...needsNetAdmin() }, () => {
  let backend: RecordingBackend;
  const envoys: ProxyProcess[] = [];
  /** Ports of the first hops, by case. */
  const entries = new Map<string, number>();

  before(async () => {
    backend = await startRecordingBackend({
      answer: ({ socket }) => {
        let text = "";
        socket.on("data", (bytes) => {
          text += bytes.toString("latin1");
          if (/GET \/[^]*\r\n\r\n$/.test(text)) socket.write("HTTP/1.1 204 No Content\r\n\r\n");
        });
      },
    });
    // An Envoy for each depth, with a listener and a cluster for each case; the last hops first, since their ports are needed.
    const depth = Math.max(...chainCases.map(({ hops }) => hops.length));
    for (let hop = depth - 1; hop >= 0; hop -= 1) {
      const listeners: JsonObject[] = [];
      const clusters: JsonObject[] = [];
      for (const [index, chain] of chainCases.entries()) {
        const plan = chain.hops[hop];
        if (!plan) continue;
        const port = hop === chain.hops.length - 1 ? backend.port : entries.get(chain.name)!;
        const { listener, cluster } = hopResources(nameOf(hop), plan, sources[hop]!, port);
        // Clusters of one Envoy need names of their own; routes and proxies name them.
        const text = JSON.stringify(listener).replaceAll(
          `"cluster":"${nameOf(hop)}"`,
          `"cluster":"c${index}"`,
        );
        listeners.push({ ...JSON.parse(text), name: `l${index}` });
        clusters.push({ ...cluster, name: `c${index}` });
      }
      const envoy = await startEnvoy({ static_resources: { listeners, clusters } });
      envoys.push(envoy);
      for (const [index, chain] of chainCases.entries()) {
        if (chain.hops[hop]) entries.set(chain.name, await envoy.admin.listenerPort(`l${index}`));
      }
    }
  });
  after(async () => {
    for (const envoy of envoys) await envoy[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  async function observe(chain: ChainCase): Promise<Seen | undefined> {
    const localAddress = chain.header === undefined ? from : loadBalancer;
    // TCP hops open their connections at once, and close at once too.
    const count = backend.connections.length;
    const connecting = connectTo(entries.get(chain.name)!, "127.0.0.1", { localAddress });
    await using client = await connecting.catch(() => undefined);
    if (!client) return undefined;
    client.write(Buffer.concat([headerOf(chain), Buffer.from(requestOf(chain))]));
    const answer = await client.receivedThat((bytes) => bytes.includes("\r\n\r\n")).catch(() => undefined);
    if (!answer?.includes(" 204 ")) return undefined;
    const connection = await backend.connection(count);
    return seenBy(connection.received, connection.remoteAddress);
  }

  for (const chain of chainCases) {
    it(chain.name, async () => {
      const { seen, trace } = predict(chain);
      assert.deepEqual(await observe(chain), seen);
      assert.equal(arrives(trace), chain.arrives);
      if (chain.advice) assert.match(trace.losses[0]!.advice, chain.advice);
    });
  }
});

function headerOf({ header }: ChainCase): Buffer {
  const addresses = {
    source: { address: from, port: 40_000, family: "IPv4" },
    destination: { address: "192.0.2.1", port: 443, family: "IPv4" },
  } as const;
  if (header === undefined) return Buffer.alloc(0);
  if (header === "nobody") return codec.encodeV2(undefined, []).bytes;
  return header === "V1" ? codec.encodeV1(addresses) : codec.encodeV2(addresses, []).bytes;
}

function requestOf({ xff }: ChainCase): string {
  const lines = ["GET / HTTP/1.1", "Host: a", ...(xff === undefined ? [] : [`X-Forwarded-For: ${xff}`])];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function seenBy(received: Buffer, tcpSource: string): Seen {
  const headers: string[] = [];
  const policy = { allowRequestsWithoutProxyProtocol: true, disallowedVersions: [] } as const;
  let rest = received;
  for (;;) {
    const verdict = codec.decodeHeader(rest, policy);
    if (verdict.kind !== "accept") break;
    headers.push(`${verdict.header.version} ${verdict.header.addresses?.source.address ?? "nobody"}`);
    rest = rest.subarray(verdict.consumed);
  }
  const text = rest.toString("latin1");
  const valueOf = (name: string) => new RegExp(`^${name}: (.*)\r$`, "im").exec(text)?.[1];
  const clients = sources.flatMap((_, index) => {
    const value = valueOf(`x-${nameOf(index)}`);
    return value === undefined ? [] : [[`x-${nameOf(index)}`, value]];
  });
  return { tcpSource, headers, xff: valueOf("x-forwarded-for") ?? "", clients: Object.fromEntries(clients) };
}
