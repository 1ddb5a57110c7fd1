import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spoofersOf } from "../../../src/checks/client-ip/spoofing.ts";
import type {
  HopSettings,
  HttpSettings,
  ListenerFilterSettings,
  Way,
} from "../../../src/checks/client-ip/hop-settings.ts";
import type { ChainedHop } from "../../../src/checks/client-ip/pass-hop.ts";

const http: HttpSettings = {
  kind: "http",
  usesRemoteAddress: false,
  trustedHops: 0,
  skipsAppend: false,
  detections: [],
};
const edge: HttpSettings = { ...http, usesRemoteAddress: true };
const reads: ListenerFilterSettings = { kind: "proxy-protocol", isOptional: false, disallowed: [] };
const cluster = { name: "up", endpoints: [] };

function hop(
  name: string,
  filter: Way["filter"],
  more: Partial<HopSettings> & { readonly direct?: string } = {},
): ChainedHop {
  const directRanges = more.direct === undefined ? [] : [{ address: more.direct, bits: 32 }];
  const way = { isTls: false, directRanges, sourceRanges: [], filter, cluster, unfollowed: [] };
  return {
    settings: { name, listener: name, isOpen: true, listenerFilters: [], ways: [way], ...more },
    ways: [way],
    address: `<${name}>`,
  };
}

function spoofers(chain: readonly ChainedHop[], via?: string): string[] {
  const headers = via === undefined ? [] : [{ version: "V2", source: "203.0.113.7" } as const];
  const front = { tcpSource: via ?? "203.0.113.7", headers };
  return spoofersOf(chain, front).map((list) =>
    list.map(({ who, means }) => `${who} by ${means}`).join(", "),
  );
}

describe("spoofersOf()", () => {
  const cases: readonly (readonly [string, readonly ChainedHop[], readonly string[]])[] = [
    ["an edge that uses the remote address", [hop("a", edge)], [""]],
    ["an edge that believes x-forwarded-for", [hop("a", http)], ["client by x-forwarded-for"]],
    [
      "one trusted hop at the very edge",
      [hop("a", { ...edge, trustedHops: 1 })],
      ["client by x-forwarded-for"],
    ],
    [
      "an inner hop that strangers reach",
      [hop("a", edge), hop("b", http)],
      ["", "stranger by x-forwarded-for"],
    ],
    ["an inner hop that they do not", [hop("a", edge), hop("b", http, { isOpen: false })], ["", ""]],
    [
      "an inner hop that counts one proxy too many",
      [hop("a", edge), hop("b", { ...http, trustedHops: 1 }, { isOpen: false })],
      ["", "client by x-forwarded-for"],
    ],
    [
      "a listener that reads headers of anybody",
      [hop("a", { kind: "tcp" }, { listenerFilters: [reads] })],
      ["stranger by PROXY header"],
    ],
    [
      "one that does so for one sender only",
      [hop("a", { kind: "tcp" }, { listenerFilters: [reads], direct: "10.0.0.1" })],
      [""],
    ],
    [
      "one that wants version 1",
      [hop("a", { kind: "tcp" }, { listenerFilters: [{ ...reads, disallowed: ["V2"] }] })],
      ["stranger by PROXY header"],
    ],
  ];
  for (const [name, chain, expected] of cases) {
    it(`${name}: ${expected.join("; ") || "nobody"}`, () => {
      const isRead = chain[0]!.settings.listenerFilters.length > 0;
      assert.deepEqual(spoofers(chain, isRead ? "10.0.0.1" : undefined), expected);
    });
  }
});
