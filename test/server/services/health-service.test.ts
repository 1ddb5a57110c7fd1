import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startOperatorServer } from "./operator-server.ts";

const types = { input: "grpc.health.v1.HealthCheckRequest", output: "grpc.health.v1.HealthCheckResponse" };
const check = "/grpc.health.v1.Health/Check";
const watch = "/grpc.health.v1.Health/Watch";
const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";

describe("grpc.health.v1 (XDS-140)", () => {
  it("says SERVING for the server and its services, and NOT_FOUND for others", async () => {
    await using up = await startOperatorServer({ CDS: { a: "1" } });
    assert.deepEqual(await up.call(check, types, {}), { status: "SERVING" });
    assert.deepEqual(await up.call(check, types, { service: ads }), { status: "SERVING" });
    assert.deepEqual(await up.call(check, types, { service: "x.Y" }), {
      code: "NOT_FOUND",
      details: 'there is no service "x.Y"',
    });
  });

  it("tells watchers when the server becomes ready, and when it shuts down", async () => {
    await using up = await startOperatorServer(undefined);
    assert.deepEqual(await up.call(check, types, {}), { status: "NOT_SERVING" });
    const [whole, unknown] = [up.open(watch, types), up.open(watch, types)];
    whole.send({});
    unknown.send({ service: "x.Y" });
    assert.deepEqual(await whole.next(), { status: "NOT_SERVING" });
    assert.deepEqual(await unknown.next(), { status: "SERVICE_UNKNOWN" });
    up.serve();
    assert.deepEqual(await whole.next(), { status: "SERVING" });
    const closed = up.server.close();
    assert.deepEqual(await whole.next(), { status: "NOT_SERVING" });
    await closed;
  });

  it("refuses a request that cannot be read", async () => {
    await using up = await startOperatorServer({});
    const stream = up.open(check, types);
    stream.call.write(Buffer.from([0x0a, 0xff]));
    assert.equal((await stream.ended).code, 3);
  });
});
