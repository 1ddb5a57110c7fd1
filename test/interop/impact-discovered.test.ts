import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareGroups } from "../../src/checks/impact/compare-groups.ts";
import type { EffectKind } from "../../src/checks/impact/effect.ts";
import { groupsOf, schema } from "../checks/impact/kit.ts";
import { securedClient } from "../data-plane/transport-sockets/tls-kit.ts";
import { testCa } from "../kit/certificates.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { connectTo, ScriptedClient } from "../kit/scripted-client.ts";
import { type ServedFolder, servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { bootstrap } from "./ads-resources.ts";

const types = "type.googleapis.com/";
const ads = { ads: {}, resource_api_version: "V3" };
const mutation = `${types}envoy.extensions.filters.http.header_mutation.v3.HeaderMutation`;
const router = {
  name: "router",
  typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
};

/** Files of configuration with one listener `l`. */
function listening(manager: JsonObject, transport: JsonObject = {}): string {
  const typed_config = {
    "@type": `${types}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "http",
    http_filters: [router],
    ...manager,
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const chain = { filters: [{ name: "http", typed_config }], ...transport };
  return JSON.stringify({ listeners: [{ name: "l", address, filter_chains: [chain] }] });
}

const says = (text: string, match: JsonObject = {}): JsonObject => ({
  match: { prefix: "/", ...match },
  direct_response: { status: 200, body: { inline_string: text } },
});

const hosts = (...routes: readonly JsonObject[]): JsonObject => ({
  virtual_hosts: [{ name: "all", domains: ["*"], routes }],
});

/** Route configurations that answer with their names. */
const routesOf = (...names: readonly string[]) => names.map((name) => ({ name, ...hosts(says(name)) }));

const rds = (name: string) => ({ rds: { route_config_name: name, config_source: ads } });

/** What the answer of one connection shows of the resource: in the body or, of a filter, in `x-from`. */
type Step = "first" | "second";

interface Case {
  readonly type: string;
  readonly kind: EffectKind;
  readonly apiType?: string;
  readonly bootstrap?: JsonObject;
  readonly files: (step: Step) => Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    type: "RDS",
    kind: "in-place",
    files: (step) => ({
      "l.yaml": listening(rds("r")),
      "r.yaml": JSON.stringify({ routes: [{ name: "r", ...hosts(says(step)) }] }),
    }),
  },
  {
    type: "SRDS",
    kind: "in-place",
    files: (step) => ({
      "l.yaml": listening({
        scoped_routes: {
          name: "scopes",
          scope_key_builder: { fragments: [{ header_value_extractor: { name: "x-scope", index: 0 } }] },
          rds_config_source: ads,
          scoped_rds: { scoped_rds_config_source: ads },
        },
      }),
      "s.yaml": JSON.stringify({
        scoped_routes: [
          { name: "s", route_configuration_name: step, key: { fragments: [{ string_key: "blue" }] } },
        ],
        routes: routesOf("first", "second"),
      }),
    }),
  },
  {
    type: "VHDS",
    kind: "in-place",
    apiType: "DELTA_GRPC",
    files: (step) => ({
      "l.yaml": listening({
        ...rds("r"),
        http_filters: [
          {
            name: "on-demand",
            typed_config: { "@type": `${types}envoy.extensions.filters.http.on_demand.v3.OnDemand` },
          },
          router,
        ],
      }),
      "r.yaml": JSON.stringify({ routes: [{ name: "r", vhds: { config_source: ads } }] }),
      "v.yaml": JSON.stringify({
        virtual_hosts: [{ name: "r/a", domains: ["a.example"], routes: [says(step)] }],
      }),
    }),
  },
  {
    type: "RTDS",
    kind: "in-place",
    bootstrap: {
      layered_runtime: {
        layers: [{ name: "remote", rtds_layer: { name: "layer", rtds_config: ads } }],
      },
    },
    files: (step) => ({
      "l.yaml": listening({
        route_config: hosts(
          says("second", {
            runtime_fraction: { default_value: { numerator: 0 }, runtime_key: "share" },
          }),
          says("first"),
        ),
      }),
      "layer.yaml": JSON.stringify({
        layers: [{ name: "layer", layer: { share: step === "second" ? 100 : 0 } }],
      }),
    }),
  },
  {
    type: "ECDS",
    kind: "in-place",
    files: (step) => ({
      "l.yaml": listening({
        route_config: hosts(says("as ever")),
        http_filters: [
          { name: "from", config_discovery: { config_source: ads, type_urls: [mutation] } },
          router,
        ],
      }),
      "filter.yaml": JSON.stringify({
        extension_configs: [
          {
            name: "from",
            typed_config: {
              "@type": mutation,
              mutations: { response_mutations: [{ append: { header: { key: "x-from", value: step } } }] },
            },
          },
        ],
      }),
    }),
  },
];

const request = "GET / HTTP/1.1\r\nhost: a.example\r\nx-scope: blue\r\n\r\n";

/** The next answer on a connection, which must not ask to close it. */
async function answerOn(client: ScriptedClient): Promise<string> {
  const before = client.received.length;
  client.write(request);
  const bytes = await client.receivedThat((all) => {
    const [head = "", body] = all.subarray(before).toString("latin1").split("\r\n\r\n");
    return body !== undefined && body.length === Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  });
  const answer = bytes.subarray(before).toString("latin1");
  assert.doesNotMatch(answer, /^connection: close/im);
  return answer;
}

type Files = Readonly<Record<string, string>>;

const kindsOf = (before: Files, after: Files) =>
  compareGroups(schema, groupsOf(before), groupsOf(after)).flatMap(({ resources }) =>
    resources.map(({ effect }) => effect.kind),
  );

/** Plays with an Envoy that has these files, and a connection to it. */
async function play(
  { apiType = "GRPC", bootstrap: more }: Pick<Case, "apiType" | "bootstrap">,
  files: Files,
  body: (folder: ServedFolder, client: ScriptedClient) => Promise<void>,
): Promise<void> {
  using folder = servedFolder(files);
  // A folder without the last resource of a type is what some of these tests are about.
  await using server = new ServeProcess(folder.path, folder.state, ["--allow-empty"]);
  await using envoy = await startEnvoy({ ...bootstrap(apiType, await server.xdsPort()), ...more });
  await using client = await connectTo(await envoy.admin.listenerPort("l"));
  await body(folder, client);
}

async function shows(client: ScriptedClient, text: string): Promise<void> {
  const isThere = async () => (await answerOn(client)).includes(text) || undefined;
  await until(10_000, `an answer with ${text}`, isThere);
}

describe("a change of what a real Envoy has discovered", needs("envoy"), () => {
  for (const each of cases) {
    it(`${each.type}: the next request on a connection that stands is treated otherwise: ${each.kind}`, async () => {
      const before = each.files("first");
      const after = each.files("second");
      assert.deepEqual(kindsOf(before, after), [each.kind]);
      await play(each, before, async (folder, client) => {
        await shows(client, "first");
        for (const [name, text] of Object.entries(after)) {
          if (text !== before[name]) folder.write(name, text);
        }
        await shows(client, "second");
      });
    });
  }

  const removals: readonly {
    readonly type: string;
    readonly kind: EffectKind;
    readonly apiType: "GRPC" | "DELTA_GRPC";
    /** The file without the resource; absent when the file goes. */
    readonly without: readonly [file: string, text?: string];
    /** What an answer has then. */
    readonly next: string;
  }[] = [
    ...(["GRPC", "DELTA_GRPC"] as const).map((apiType) => ({
      type: "SRDS",
      kind: "routes-removed" as const,
      apiType,
      without: ["s.yaml", JSON.stringify({ routes: routesOf("first", "second") })] as const,
      next: "404 Not Found",
    })),
    {
      type: "VHDS",
      kind: "routes-removed",
      apiType: "DELTA_GRPC",
      without: ["v.yaml"],
      next: "404 Not Found",
    },
    { type: "RTDS", kind: "in-place", apiType: "DELTA_GRPC", without: ["layer.yaml"], next: "first" },
  ];
  for (const { type, kind, apiType, without, next } of removals) {
    it(`${type} over ${apiType}: what goes is gone for the next request of a connection: ${kind}`, async () => {
      const each = cases.find((one) => one.type === type)!;
      const before = each.files("second");
      const [file, text] = without;
      const after = Object.fromEntries(
        Object.entries(before).flatMap(([name, old]) =>
          name !== file ? [[name, old]] : text === undefined ? [] : [[name, text]],
        ),
      );
      assert.deepEqual(kindsOf(before, after), [kind]);
      await play({ ...each, apiType }, before, async (folder, client) => {
        await shows(client, "second");
        if (text === undefined) folder.remove(file);
        else folder.write(file, text);
        await shows(client, next);
      });
    });
  }

  it("SDS: new handshakes see the new certificate, a connection that stands goes on: new-connections", async () => {
    const ca = testCa();
    const issue = (step: Step) => ca.issueWith({ names: ["DNS:a.example"], subject: `/CN=${step}` });
    const issued = { first: issue("first"), second: issue("second") };
    const files = (step: Step) => ({
      "l.yaml": listening(
        { route_config: hosts(says("ok")) },
        {
          transport_socket: {
            name: "tls",
            typed_config: {
              "@type": `${types}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
              common_tls_context: {
                tls_certificate_sds_secret_configs: [{ name: "server", sds_config: ads }],
              },
            },
          },
        },
      ),
      "secret.yaml": JSON.stringify({
        secrets: [
          {
            name: "server",
            tls_certificate: {
              certificate_chain: { inline_bytes: issued[step].cert.toString("base64") },
              private_key: { inline_bytes: issued[step].key.toString("base64") },
            },
          },
        ],
      }),
    });
    assert.deepEqual(kindsOf(files("first"), files("second")), ["new-connections"]);
    using folder = servedFolder(files("first"));
    await using server = new ServeProcess(folder.path, folder.state);
    await using envoy = await startEnvoy(bootstrap("GRPC", await server.xdsPort()));
    const port = await envoy.admin.listenerPort("l");
    await using held = new ScriptedClient(await securedClient(port));
    assert.match(await answerOn(held), /^HTTP\/1.1 200/);
    folder.write("secret.yaml", files("second")["secret.yaml"]);
    await until(10_000, "a handshake with the second certificate", async () => {
      const socket = await securedClient(port);
      const subject = socket.getPeerX509Certificate()?.subject;
      socket.destroy();
      return subject === "CN=second" || undefined;
    });
    assert.match(await answerOn(held), /^HTTP\/1.1 200/);
  });
});
