import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { commands } from "../kit/commands.ts";
import { closedPort } from "../kit/echo-backend.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { startHaProxyReader } from "../kit/haproxy.ts";
import type { JsonObject } from "../kit/json.ts";
import { startNginxReader } from "../kit/nginx.ts";
import { needs } from "../kit/peers.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import {
  echo,
  envoyReader,
  plainHttp,
  plainTls,
  redis,
  silent,
  smtp,
  type ProbedServer,
} from "./probe/servers.ts";

async function probe(port: number, ...flags: string[]) {
  const terminal = fakeTerminal();
  const args = ["probe", `127.0.0.1:${port}`, "--wait", "400ms", ...flags];
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, args, terminal);
  return { code, ...terminal.written };
}

interface Answer {
  readonly verdict: string;
  readonly confidence: string;
  readonly takesAddresses?: boolean;
  readonly versions: readonly { readonly version: string; readonly kind: string }[];
  readonly evidence: readonly { readonly header: string; readonly reply: string }[];
}

/** `V1 demands, V2 rejects` and how sure it is; the exit code must fit. */
async function verdict(port: number, ...flags: string[]): Promise<string> {
  const { code, stdout } = await probe(port, "-o", "json", ...flags);
  const answer: Answer = JSON.parse(stdout);
  const codes: Readonly<Record<string, number>> = { demands: 0, understands: 0, ignores: 1, rejects: 1 };
  assert.equal(code, codes[answer.verdict] ?? 2);
  assert.ok(answer.evidence.length <= 12, "a few connections");
  if (code === 0) assert.equal(answer.takesAddresses, true);
  return `${answer.versions.map(({ version, kind }) => `${version} ${kind}`).join(", ")}; ${answer.confidence}`;
}

describe("chancery probe of servers that read no header", () => {
  const cases: readonly (readonly [string, () => Promise<ProbedServer>, string])[] = [
    ["HTTP", plainHttp, "V1 rejects, V2 rejects; high"],
    ["TLS", plainTls, "V1 rejects, V2 rejects; high"],
    ["SMTP, which speaks first", smtp, "V1 rejects, V2 rejects; high"],
    ["Redis", redis, "V1 rejects, V2 rejects; high"],
    ["an echo", echo, "V1 ignores, V2 ignores; high"],
    ["silence", silent, "V1 cannot-tell, V2 cannot-tell; low"],
  ];
  for (const [name, start, expected] of cases) {
    it(`${name}: ${expected}`, async () => {
      await using server = await start();
      assert.equal(await verdict(server.port), expected);
    });
  }

  it("a closed port: cannot be reached", async () => {
    const port = await closedPort();
    const { code, stdout } = await probe(port);
    assert.equal(code, 2);
    assert.match(stdout, new RegExp(`^127\\.0\\.0\\.1:${port} cannot be reached\n`));
    assert.match(stdout, /^ {2}without a header, nothing else: connection refused$/m);
  });

  it("impersonates nobody: every header is UNKNOWN, LOCAL, broken, or of the connection itself", async () => {
    await using backend = await startRecordingBackend();
    await probe(backend.port);
    const said = backend.connections.map(({ received }) => received.toString("latin1"));
    const lines = said.flatMap((text) => /^PROXY .*(?=\r\n)/.exec(text)?.[0] ?? []);
    assert.deepEqual([...new Set(lines)].toSorted(), ["PROXY NOTHING", "PROXY UNKNOWN"]);
    const commandsOfV2 = said.flatMap((text) => (text.startsWith("\r\n") ? text.charCodeAt(12) : []));
    assert.deepEqual(
      [...new Set(commandsOfV2)].toSorted((a, b) => a - b),
      [0x20, 0xf0],
    );
  });
});

describe("chancery probe of HAProxy and nginx", () => {
  it("HAProxy with accept-proxy demands the header", needs("haproxy"), async () => {
    await using haproxy = await startHaProxyReader();
    assert.equal(await verdict(haproxy.port), "V1 demands, V2 demands; high");
  });

  it("nginx with proxy_protocol demands the header", needs("nginx"), async () => {
    await using nginx = await startNginxReader();
    assert.equal(await verdict(nginx.port), "V1 demands, V2 demands; high");
  });
});

const readers: readonly (readonly [string, JsonObject | undefined, string])[] = [
  ["with the filter", {}, "V1 demands, V2 demands; high"],
  ["without the filter", undefined, "V1 rejects, V2 rejects; high"],
  [
    "with allow_requests_without_proxy_protocol",
    { allow_requests_without_proxy_protocol: true },
    "V1 understands, V2 understands; high",
  ],
  ["with V1 disallowed", { disallowed_versions: ["V1"] }, "V1 rejects, V2 demands; high"],
];

for (const [program, start, skip] of [
  ["Envoy", startEnvoy, needs("envoy")],
  ["the bundled data plane", startBundledProxy, {}],
] as const) {
  describe(`chancery probe of ${program}`, skip, () => {
    for (const [name, reader, expected] of readers) {
      it(`${name}: ${expected}`, async () => {
        await using proxy = await start(envoyReader(reader));
        assert.equal(await verdict(await proxy.admin.listenerPort("in")), expected);
      });
    }

    it("behind TLS, known and found out", async () => {
      await using proxy = await start(envoyReader({}, { tls: true }));
      const port = await proxy.admin.listenerPort("in");
      assert.equal(await verdict(port), "V1 demands, V2 demands; high");
      assert.equal(await verdict(port, "--tls", "--version", "v2"), "V2 demands; high");
    });

    it("in front of a silent server: only closing tells", async () => {
      await using upstream = await silent();
      await using proxy = await start(envoyReader({}, { upstreamPort: upstream.port }));
      assert.equal(await verdict(await proxy.admin.listenerPort("in")), "V1 demands, V2 demands; medium");
    });

    it("in front of an echo: the header does not come back", async () => {
      await using upstream = await echo();
      const allowing = envoyReader(
        { allow_requests_without_proxy_protocol: true },
        { upstreamPort: upstream.port },
      );
      await using proxy = await start(allowing);
      assert.equal(
        await verdict(await proxy.admin.listenerPort("in")),
        "V1 understands, V2 understands; high",
      );
    });
  });
}

describe("chancery probe", () => {
  it("shows the verdict, the evidence and what to do", async () => {
    await using server = await plainHttp();
    const { stdout } = await probe(server.port, "--http", "--version", "v1");
    assert.deepEqual(stdout.split("\n"), [
      `127.0.0.1:${server.port} does not take the PROXY header`,
      "  V1: rejects (confidence high): without a header: HTTP status 200; with one: HTTP status 400",
      "evidence:",
      "  without a header, nothing else: no answer, the connection stays open",
      "  without a header, HTTP request: HTTP status 200",
      "  V1 header (UNKNOWN), HTTP request: HTTP status 400",
      "  V1 header (broken), HTTP request: HTTP status 400",
      "advice: set no upstream_proxy_protocol towards it; x-forwarded-for or original_src carry the address instead",
      "",
    ]);
  });

  it("gives up after --timeout, and refuses what is no address", async () => {
    await using server = await silent();
    const late = await probe(server.port, "--timeout", "50ms");
    assert.deepEqual(
      [late.code, late.stderr.split("\n")[0]],
      [124, `error: 127.0.0.1:${server.port} did not answer everything within 0.05s`],
    );
    const terminal = fakeTerminal();
    const parts = { commands, foreign: [], version: () => "0" };
    assert.equal(await runProgram(parts, ["probe", "localhost"], terminal), 64);
    assert.match(terminal.written.stderr, /^error: localhost: expected HOST:PORT/);
  });
});
