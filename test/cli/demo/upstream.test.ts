import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { requestAs } from "../../../src/cli/demo/client.ts";
import { startUpstream } from "../../../src/cli/demo/upstream.ts";

describe("startUpstream()", () => {
  it("tells a client the address that the header says", async () => {
    await using upstream = await startUpstream("127.0.0.1", 0);
    const seen = await requestAs(
      socketAddress("203.0.113.7", 40000)!,
      { host: "127.0.0.1", port: upstream.port },
      AbortSignal.timeout(5000),
    );
    assert.equal(seen.client, "203.0.113.7:40000");
    assert.equal(seen.header, "PROXY TCP4 203.0.113.7 198.51.100.7 40000 443");
    assert.match(seen.peer, /^127\.0\.0\.1:\d+$/);
  });

  it("reads an IPv6 client", async () => {
    await using upstream = await startUpstream("127.0.0.1", 0);
    const seen = await requestAs(
      socketAddress("2001:db8::9", 40000)!,
      { host: "127.0.0.1", port: upstream.port },
      AbortSignal.timeout(5000),
    );
    assert.equal(seen.header, "PROXY TCP6 2001:db8::9 2001:db8::7 40000 443");
  });

  for (const [what, bytes] of [
    ["a request without a header", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["a line longer than a header may be", `PROXY ${"x".repeat(120)}`],
  ] as const) {
    it(`closes ${what}`, async () => {
      await using upstream = await startUpstream("127.0.0.1", 0);
      const socket = connect(upstream.port, "127.0.0.1");
      let received = 0;
      socket.on("data", (data) => (received += data.length));
      socket.on("error", () => undefined); // A reset is one of the two ways to be closed.
      socket.write(bytes);
      await once(socket, "close");
      assert.equal(received, 0);
    });
  }
});
