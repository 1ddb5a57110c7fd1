import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import type { JsonObject } from "../kit/json.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { dataPlanes } from "../e2e/data-planes.ts";

/** The example with ports of the system's choice for its listeners, and the test's own backend. */
function bootstrapOf(backendPort: number): JsonObject {
  const file = fileURLToPath(import.meta.resolve("#root/examples/trusted-senders/edge.yaml"));
  const text = readFileSync(file, "utf8")
    .replaceAll(/port_value: 1000[01]/g, "port_value: 0")
    .replaceAll("port_value: 8080", `port_value: ${backendPort}`);
  const bootstrap: JsonObject = JSON.parse(JSON.stringify(load(text)));
  return bootstrap;
}

/** A header that claims an address which is not the sender's. */
const claim = "PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n";

const cases = [
  { who: "a load balancer is believed", from: "127.0.0.1", sends: `${claim}hello`, seen: "203.0.113.9" },
  { who: "a load balancer may speak for itself", from: "127.0.0.1", sends: "hello", seen: "127.0.0.1" },
  { who: "a plain client is served as itself", from: "127.0.2.7", sends: "hello", seen: "127.0.2.7" },
  { who: "a client that claims an address is refused", from: "127.0.2.7", sends: `${claim}hello` },
  { who: "a stranger that claims an address is refused", from: "127.0.0.2", sends: `${claim}hello` },
  { who: "a stranger is refused", from: "127.0.0.2", sends: "hello" },
] as const satisfies readonly { who: string; from: string; sends: string; seen?: string }[];

for (const { plane, start, options } of dataPlanes) {
  describe(`examples/trusted-senders with ${plane}`, options, () => {
    for (const listener of ["by-chains", "by-rbac"]) {
      it(`${listener}: believes the load balancer alone, and serves plain clients on the same port (PP-57)`, async () => {
        await using backend = await startRecordingBackend();
        await using proxy = await start(bootstrapOf(backend.port));
        const port = await proxy.admin.listenerPort(listener);
        for (const { who, from, sends, ...expected } of cases) {
          await using client = await connectTo(port, "127.0.0.1", { localAddress: from });
          const before = backend.connections.length;
          client.write(sends);
          if (!("seen" in expected)) {
            await client.closed();
            const reached = backend.connections
              .slice(before)
              .map(({ received }) => received.toString("latin1"));
            assert.equal(reached.join("").includes("hello"), false, who);
            continue;
          }
          const connection = await backend.connection(before);
          const bytes = await connection.receivedThat((received) => received.includes("hello"));
          assert.match(
            bytes.toString("latin1"),
            new RegExp(`^PROXY TCP4 ${expected.seen.replaceAll(".", "\\.")} `),
            who,
          );
        }
      });
    }
  });
}
