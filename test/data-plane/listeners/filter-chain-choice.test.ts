import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { chooseFilterChain } from "../../../data-plane/listeners/filter-chain-choice.ts";
import { parseFilterChainMatch } from "../../../data-plane/resources/filter-chain-match.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { message, valueOf } from "../parse-kit.ts";

const typeName = "envoy.config.listener.v3.FilterChainMatch";

/** Chains by name, each with its match in YAML. */
function chains(matches: Readonly<Record<string, string>>) {
  return Object.entries(matches).map(([name, yaml]) => ({
    name,
    match: valueOf(parseFilterChainMatch(asType(typeName, message(typeName, yaml)), "")),
  }));
}

function address(text: string) {
  const colon = text.lastIndexOf(":");
  return socketAddress(text.slice(0, colon), Number(text.slice(colon + 1)))!;
}

const at = (remote: string, local: string, direct = "127.0.0.1:1") => ({
  remote: address(remote),
  local: address(local),
  directRemote: address(direct),
});

const range = (prefix: string, length: number) => `[{address_prefix: "${prefix}", prefix_len: ${length}}]`;

describe("chooseFilterChain() (PP-59)", () => {
  const rows: readonly (readonly [
    story: string,
    matches: Readonly<Record<string, string>>,
    subject: ReturnType<typeof at>,
    chosen: string | undefined,
  ])[] = [
    ["takes the chain without conditions", { any: "{}" }, at("1.1.1.1:1", "2.2.2.2:2"), "any"],
    [
      "prefers the destination port over everything else",
      { port: "{destination_port: 443}", source: `{source_prefix_ranges: ${range("1.1.1.1", 32)}}` },
      at("1.1.1.1:1", "2.2.2.2:443"),
      "port",
    ],
    [
      "never comes back to chains without the port once one with it matched",
      { port: `{destination_port: 443, source_ports: [5]}`, any: "{}" },
      at("1.1.1.1:1", "2.2.2.2:443"),
      undefined,
    ],
    [
      "takes the longest destination prefix",
      { wide: `{prefix_ranges: ${range("2.0.0.0", 8)}}`, narrow: `{prefix_ranges: ${range("2.2.0.0", 16)}}` },
      at("1.1.1.1:1", "2.2.2.2:2"),
      "narrow",
    ],
    [
      "matches the physical peer apart from the restored one (PP-57)",
      { direct: `{direct_source_prefix_ranges: ${range("10.0.0.0", 8)}}`, any: "{}" },
      at("1.1.1.1:1", "2.2.2.2:2", "10.1.2.3:9"),
      "direct",
    ],
    [
      "takes header source and destination for the source type",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      at("2.2.2.2:1", "2.2.2.2:2"),
      "local",
    ],
    [
      "takes loopback for local",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      at("127.0.0.9:1", "2.2.2.2:2"),
      "local",
    ],
    [
      "takes other sources for external",
      { local: "{source_type: SAME_IP_OR_LOOPBACK}", outside: "{source_type: EXTERNAL}" },
      at("3.3.3.3:1", "2.2.2.2:2"),
      "outside",
    ],
    [
      "matches source ports",
      { five: "{source_ports: [5, 6]}", any: "{}" },
      at("1.1.1.1:6", "2.2.2.2:2"),
      "five",
    ],
    [
      "keeps the families apart",
      { v6: `{source_prefix_ranges: ${range("::", 0)}}` },
      at("1.1.1.1:6", "2.2.2.2:2"),
      undefined,
    ],
    [
      "takes raw_buffer for every connection while nothing looks for TLS",
      { raw: "{transport_protocol: raw_buffer}", any: "{}" },
      at("1.1.1.1:6", "2.2.2.2:2"),
      "raw",
    ],
  ];
  for (const [story, matches, subject, chosen] of rows) {
    it(story, () => assert.equal(chooseFilterChain(chains(matches), subject)?.name, chosen));
  }
});
