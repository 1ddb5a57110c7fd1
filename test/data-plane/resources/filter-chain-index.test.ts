import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { MatchSubject } from "../../../data-plane/resources/filter-chain-index.ts";
import { FilterChainIndex } from "../../../data-plane/resources/filter-chain-index.ts";
import { parseFilterChainMatch } from "../../../data-plane/resources/filter-chain-match.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, valueOf } from "../parse-kit.ts";

const typeName = "envoy.config.listener.v3.FilterChainMatch";

/** Chains by name, each with its match in YAML; gives the name of the chain for a connection. */
function chooser(matches: Readonly<Record<string, string>>) {
  const index = FilterChainIndex.of(
    Object.values(matches).map((yaml) =>
      valueOf(parseFilterChainMatch(asType(typeName, message(typeName, yaml)), "")),
    ),
  );
  return (subject: MatchSubject) => {
    assert.ok(index);
    const position = index.find(subject);
    return position === undefined ? undefined : Object.keys(matches)[position];
  };
}

function address(text: string) {
  const colon = text.lastIndexOf(":");
  return socketAddress(text.slice(0, colon), Number(text.slice(colon + 1)))!;
}

/** A connection without TLS from 1.1.1.1:1 to 2.2.2.2:2, but for what is given. */
function connection(
  special: Partial<MatchSubject> & { readonly from?: string; readonly to?: string; readonly direct?: string },
): MatchSubject {
  const { from = "1.1.1.1:1", to = "2.2.2.2:2", direct = "127.0.0.1:1", ...rest } = special;
  return {
    remote: address(from),
    local: address(to),
    directRemote: address(direct),
    serverName: "",
    transportProtocol: "raw_buffer",
    applicationProtocols: [],
    ...rest,
  };
}

const range = (prefix: string, length: number) => `[{address_prefix: "${prefix}", prefix_len: ${length}}]`;
const pipe = { family: "pipe", path: "/run/a" } as const;

describe("FilterChainIndex (PP-59)", () => {
  const rows: readonly (readonly [
    story: string,
    matches: Readonly<Record<string, string>>,
    subject: MatchSubject,
    chosen: string | undefined,
  ])[] = [
    ["takes the chain without conditions", { any: "{}" }, connection({}), "any"],
    [
      "prefers the destination port over everything else",
      { port: "{destination_port: 443}", source: `{source_prefix_ranges: ${range("1.1.1.1", 32)}}` },
      connection({ to: "2.2.2.2:443" }),
      "port",
    ],
    [
      "never comes back to chains without the port once one with it matched",
      { port: `{destination_port: 443, source_ports: [5]}`, any: "{}" },
      connection({ to: "2.2.2.2:443" }),
      undefined,
    ],
    [
      "takes the longest destination prefix",
      { wide: `{prefix_ranges: ${range("2.0.0.0", 8)}}`, narrow: `{prefix_ranges: ${range("2.2.0.0", 16)}}` },
      connection({}),
      "narrow",
    ],
    [
      "takes a range of everything of one family before a chain without ranges",
      { any: "{}", all: `{prefix_ranges: ${range("0.0.0.0", 0)}}` },
      connection({}),
      "all",
    ],
    [
      "prefers the destination prefix over the server name",
      { prefix: `{prefix_ranges: ${range("2.0.0.0", 8)}}`, name: "{server_names: [a.test]}" },
      connection({ serverName: "a.test" }),
      "prefix",
    ],
    [
      "takes the exact server name before a wildcard",
      { wild: "{server_names: ['*.example.com']}", exact: "{server_names: [www.example.com]}" },
      connection({ serverName: "www.example.com" }),
      "exact",
    ],
    [
      "takes the longest wildcard",
      { wide: "{server_names: ['*.com']}", narrow: "{server_names: ['*.example.com']}" },
      connection({ serverName: "a.b.example.com" }),
      "narrow",
    ],
    [
      "does not take a wildcard for the domain itself",
      { wild: "{server_names: ['*.example.com']}", any: "{}" },
      connection({ serverName: "example.com" }),
      "any",
    ],
    [
      "compares server names in lower case",
      { name: "{server_names: [WWW.Example.com]}" },
      connection({ serverName: "www.example.com" }),
      "name",
    ],
    [
      "takes the chain without names for an unknown name",
      { name: "{server_names: [a.test]}", any: "{}" },
      connection({ serverName: "b.test" }),
      "any",
    ],
    [
      "prefers the server name over the transport protocol, without a way back",
      { name: "{server_names: [a.test], transport_protocol: raw_buffer}", tls: "{transport_protocol: tls}" },
      connection({ serverName: "a.test", transportProtocol: "tls" }),
      undefined,
    ],
    [
      "takes raw_buffer for a connection in which nothing found TLS",
      { raw: "{transport_protocol: raw_buffer}", any: "{}" },
      connection({}),
      "raw",
    ],
    [
      "prefers the transport protocol over the application protocol",
      { tls: "{transport_protocol: tls}", h2: "{application_protocols: [h2]}" },
      connection({ transportProtocol: "tls", applicationProtocols: ["h2"] }),
      "tls",
    ],
    [
      "takes the first application protocol of the client that a chain has",
      { http: "{application_protocols: [http/1.1]}", h2: "{application_protocols: [h2, h3]}" },
      connection({ applicationProtocols: ["spdy", "h2", "http/1.1"] }),
      "h2",
    ],
    [
      "matches the physical peer apart from the restored one (PP-57)",
      { direct: `{direct_source_prefix_ranges: ${range("10.0.0.0", 8)}}`, any: "{}" },
      connection({ direct: "10.1.2.3:9" }),
      "direct",
    ],
    [
      "takes header source and destination for the source type",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      connection({ from: "2.2.2.2:1" }),
      "local",
    ],
    [
      "takes 127.0.0.1 for local",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      connection({ from: "127.0.0.1:1" }),
      "local",
    ],
    [
      "takes other addresses of 127.0.0.0/8 for external",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      connection({ from: "127.0.0.9:1" }),
      "outside",
    ],
    [
      "matches source ports",
      { five: "{source_ports: [5, 6]}", any: "{}" },
      connection({ from: "1.1.1.1:6" }),
      "five",
    ],
    [
      "keeps the families apart",
      { v6: `{source_prefix_ranges: ${range("::", 0)}}` },
      connection({}),
      undefined,
    ],
    [
      "takes a client on a pipe for local, without an address of its own",
      { port: "{source_ports: [5]}", v4: `{source_prefix_ranges: ${range("10.0.0.0", 8)}}`, any: "{}" },
      connection({ remote: pipe, local: pipe, directRemote: pipe }),
      "any",
    ],
  ];
  for (const [story, matches, subject, chosen] of rows) {
    it(story, () => assert.equal(chooser(matches)(subject), chosen));
  }

  const overlaps: readonly (readonly [story: string, matches: readonly string[]])[] = [
    ["two chains for one port", ["{source_ports: [1, 2]}", "{source_ports: [2, 3]}"]],
    ["one chain that names a port twice", ["{source_ports: [1, 1]}"]],
    ["names that differ in case alone", ["{server_names: [A.test]}", "{server_names: [a.test]}"]],
    [
      "prefixes that are equal once they are cut",
      [`{prefix_ranges: ${range("10.1.0.0", 8)}}`, `{prefix_ranges: ${range("10.2.0.0", 8)}}`],
    ],
  ];
  for (const [story, matches] of overlaps) {
    it(`is not to be had for ${story}`, () => {
      const index = FilterChainIndex.of(
        matches.map((yaml) => valueOf(parseFilterChainMatch(asType(typeName, message(typeName, yaml)), ""))),
      );
      assert.equal(index, undefined);
    });
  }

  it("finds nothing where there is no chain", () => {
    assert.equal(FilterChainIndex.of([])?.find(connection({})), undefined);
  });
});
