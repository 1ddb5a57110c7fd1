import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { httpOriginalSrc } from "../../../data-plane/filters/http-original-src.ts";
import { originalSrc } from "../../../data-plane/filters/original-src.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import type { Address } from "../../../data-plane/network/address.ts";
import type { ForeignSources } from "../../../data-plane/resources/extension.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";
import { runContext } from "../run-kit.ts";

const LISTENER = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";
const HTTP = "envoy.extensions.filters.http.original_src.v3.OriginalSrc";
const own = socketAddress("127.0.0.1", 80)!;

const parse = (yaml: string, foreignSources: ForeignSources = { IPv4: true, IPv6: true }) =>
  originalSrc.parse(message(LISTENER, yaml), { ...parseContext(), foreignSources }, "f");

/** What the filter makes the original source of a connection whose client stands at `remote`. */
function sourceOf(remote: Address): Address | undefined {
  const info = new ConnectionInfo(1, own, own);
  info.remote = remote;
  const verdict = valueOf(parse("{}"))(runContext(), "").open(info)(Buffer.alloc(0));
  assert.deepEqual(verdict, { kind: "continue", consumed: 0 });
  return info.originalSource;
}

describe("the listener filter original_src", () => {
  it("takes the client's address as it stands when it runs (PP-75)", () => {
    const restored = socketAddress("203.0.113.9", 40_000)!;
    assert.equal(sourceOf(restored), restored);
  });

  it("leaves a client on a pipe alone", () => {
    assert.equal(sourceOf({ family: "pipe", path: "" }), undefined);
  });

  it("takes bind_port without a word, since it does nothing in Envoy either (PP-76)", () => {
    assert.deepEqual(problemsOf(parse("{bind_port: true}")), []);
  });
});

describe("original_src, by listener or by request", () => {
  it("refuses a mark, and takes 0 for none", () => {
    const text =
      "f.mark: SO_MARK cannot be set from Node.js; route what upstreams answer by the interface that it comes in on (docs/proxy-protocol.md)";
    assert.deepEqual(problemsOf(parse("{mark: 5}")), [text]);
    assert.deepEqual(problemsOf(parse("{mark: 0}")), []);
    const byRequest = httpOriginalSrc.parse(message(HTTP, "{mark: 5}"), parseContext(), "f");
    assert.deepEqual(problemsOf(byRequest), [text]);
  });

  it("refuses a host where no family works", () => {
    const [problem] = parse("{}", { IPv4: false, IPv6: false }).problems;
    assert.equal(problem?.code, "host-not-ready");
    assert.equal(problem.severity, "error");
  });

  it("warns of the family that does not work", () => {
    assert.deepEqual(problemsOf(parse("{}", { IPv4: true, IPv6: false })), [
      "f: connections of IPv6 clients will fail: the upstream has to see addresses that are not this host's, which needs for IPv6 net.ipv6.ip_nonlocal_bind=1",
    ]);
    assert.equal(parse("{}", { IPv4: false, IPv6: true }).problems[0]?.severity, "warning");
  });
});
