import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { extension, hopResources, type HopPlan } from "../checks/client-ip/hop-resources.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { servedFolder } from "../kit/served-folder.ts";

async function trace(path: string, ...flags: string[]) {
  const terminal = fakeTerminal();
  const code = await runProgram(
    { commands, foreign: [], version: () => "0" },
    ["trace-ip", path, ...flags],
    terminal,
  );
  return { code, ...terminal.written };
}

/** A folder with a group for each hop. */
function groups(hops: Readonly<Record<string, HopPlan>>) {
  const files = Object.entries(hops).map(([name, plan]) => {
    const { listener, cluster } = hopResources(name, plan, "0.0.0.0", 80);
    const lines = { listeners: [listener], clusters: [cluster] };
    return [`groups/${name}/all.json`, JSON.stringify(lines, undefined, 1)] as const;
  });
  return servedFolder(Object.fromEntries(files));
}

describe("chancery trace-ip", () => {
  it("shows each hop, and says at which line the address is lost and what to do", async () => {
    using folder = groups({ edge: { http: {} }, inner: { http: { use_remote_address: true } } });
    const { code, stdout } = await trace(folder.path, "--from", "203.0.113.7", "--through", "edge,inner");
    assert.equal(code, 1);
    const text = stdout.replaceAll(folder.path, "DIR").replaceAll(/:\d+:\d+/g, ":L:C");
    assert.deepEqual(text.split("\n"), [
      "client 203.0.113.7",
      "edge (DIR/groups/edge/all.json:L:C)",
      "  TCP source       203.0.113.7",
      "  remote address   203.0.113.7",
      "  trusted client   203.0.113.7",
      "  can be forged by the client, who writes x-forwarded-for",
      "  to cluster edge (DIR/groups/edge/all.json:L:C)",
      "inner (DIR/groups/inner/all.json:L:C)",
      "  TCP source       <edge>",
      "  remote address   <edge>",
      "  trusted client   <edge>",
      "  to cluster inner (DIR/groups/inner/all.json:L:C)",
      "upstream",
      "  TCP source       <inner>",
      "  x-forwarded-for  <edge>",
      "lost: DIR/groups/edge/all.json:L:C edge: without use_remote_address the client's address is not put into x-forwarded-for",
      "  advice: set use_remote_address: true",
      "203.0.113.7 is lost",
      "",
    ]);
  });

  it("points at the very field", async () => {
    using folder = groups({ edge: { http: { use_remote_address: true, skip_xff_append: true } } });
    const { stdout } = await trace(folder.path, "--from", "203.0.113.7", "-o", "json");
    const { kind, arrives, traces } = JSON.parse(stdout);
    const [{ losses, hops }] = traces;
    assert.deepEqual([kind, arrives, losses.length], ["AddressTrace", false, 1]);
    assert.match(losses[0].place.file, /groups\/edge\/all\.json$/);
    assert.ok(losses[0].place.line > hops[0].place.line);
    assert.equal(losses[0].advice, "remove skip_xff_append");
  });

  it("exits 0 when the upstream is told, by the examples", async () => {
    const quickstart = await trace("examples/quickstart", "--from", "203.0.113.7", "--through", "edge,inner");
    assert.equal(quickstart.code, 0);
    assert.match(
      quickstart.stdout,
      /^client 203\.0\.113\.7, through <load balancer>, which sends a PROXY header\n/,
    );
    assert.match(quickstart.stdout, /^ {2}PROXY header {5}V1 203\.0\.113\.7\n203\.0\.113\.7 arrives\n$/m);
    assert.equal((await trace("examples/canonical", "--from", "203.0.113.7")).code, 0);
  });

  it("takes a bootstrap, and its listeners one by one without --through", async () => {
    const both = await trace("examples/trusted-senders/edge.yaml", "--from", "203.0.113.7");
    assert.match(both.stdout, /^by-chains .*\n.*\n {2}refuses it: no filter chain takes this peer/m);
    assert.match(both.stdout, /\n\nclient 203\.0\.113\.7\nby-rbac /);
    const one = await trace(
      "examples/trusted-senders/edge.yaml",
      "--from",
      "203.0.113.7",
      "--through",
      "by-rbac",
    );
    assert.doesNotMatch(one.stdout, /by-chains/);
  });

  it("knows the addresses of machines that it is told, and what a client brings", async () => {
    using folder = groups({ edge: { http: { use_remote_address: true } }, inner: { http: {} } });
    const flags = ["--from", "203.0.113.7", "--through", "edge=10.0.0.5,inner", "--xff", "192.0.2.99"];
    const { stdout } = await trace(folder.path, ...flags);
    assert.match(
      stdout,
      /^ {2}TCP source {7}10\.0\.0\.5\n {2}x-forwarded-for {2}192\.0\.2\.99,203\.0\.113\.7$/m,
    );
  });

  it("names what it does not follow, with the line", async () => {
    const { stdout } = await trace(
      "examples/trusted-senders/edge.yaml",
      "--from",
      "203.0.113.7",
      "--through",
      "by-rbac",
    );
    assert.match(
      stdout,
      /^ {2}not predicted {4}RBAC may refuse connections \(examples\/.*edge\.yaml:\d+:\d+\)$/m,
    );
    using folder = servedFolder({
      "a.yaml": JSON.stringify({
        listeners: [
          hopResources(
            "edge",
            {
              http: {
                http_filters: [
                  extension("lua", "filters.http.lua.v3.Lua"),
                  extension("router", "filters.http.router.v3.Router"),
                ],
                route_config: {
                  virtual_hosts: [
                    {
                      name: "all",
                      domains: ["*"],
                      request_headers_to_remove: ["X-Forwarded-For"],
                      routes: [{ match: { prefix: "/" }, route: { cluster: "edge" } }],
                    },
                  ],
                },
              },
            },
            "0.0.0.0",
            80,
          ).listener,
        ],
        clusters: [
          {
            ...hopResources("edge", {}, "0.0.0.0", 80).cluster,
            transport_socket_matches: [
              {
                name: "raw",
                match: {},
                transport_socket: extension("raw", "transport_sockets.raw_buffer.v3.RawBuffer"),
              },
            ],
          },
        ],
      }),
    });
    const own = await trace(folder.path, "--from", "203.0.113.7", "-o", "json");
    const [{ hops }] = JSON.parse(own.stdout).traces;
    const named: readonly { readonly message: string }[] = hops[0].notPredicted;
    assert.deepEqual(
      named.map(({ message }) => message),
      [
        "the filter lua may change headers or refuse requests",
        "its routes change x-forwarded-for themselves",
        "transport_socket_matches may choose another socket for an endpoint",
      ],
    );
  });

  it("refuses hops that there are not, that lead elsewhere, or may be two", async () => {
    using folder = groups({ edge: { http: {} }, inner: { http: {} } });
    const cases: readonly (readonly [string, RegExp])[] = [
      ["edg", /^error: there is no hop edg; did you mean edge\?/],
      [
        "edge/edge/other",
        /^error: edge\/edge\/other: the listener does not lead to cluster other, but to edge$/m,
      ],
      ["edge=x", /^error: edge=x: expected an IP address behind =/],
    ];
    for (const [hop, expected] of cases) {
      const { code, stderr } = await trace(folder.path, "--from", "203.0.113.7", "--through", hop);
      assert.equal(code, 64, hop);
      assert.match(stderr, expected);
    }
    const two = await trace("examples/trusted-senders", "--from", "203.0.113.7", "--through", "default");
    assert.match(two.stderr, /^error: default may be default\/by-chains or default\/by-rbac; say which/);
  });

  it("wants an address, and a configuration without errors", async () => {
    assert.equal((await trace("examples/canonical")).code, 64);
    assert.match(
      (await trace("examples/canonical", "--from", "me")).stderr,
      /^error: --from me: expected an IP/,
    );
    using folder = servedFolder({ "a.yaml": "clusters: [{nam: x}]\n" });
    const broken = await trace(folder.path, "--from", "203.0.113.7");
    assert.equal(broken.code, 65);
    assert.match(broken.stderr, /did you mean name\?/);
  });
});
