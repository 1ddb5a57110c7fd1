import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { until } from "../../kit/within.ts";
import { startOperatorServer } from "./operator-server.ts";

const types = {
  input: "envoy.service.load_stats.v3.LoadStatsRequest",
  output: "envoy.service.load_stats.v3.LoadStatsResponse",
};
const path = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats";

function stats(cluster: string, succeeded: number, failed = 0) {
  const locality = { locality: { zone: "a" }, total_issued_requests: String(succeeded + failed) };
  return {
    cluster_name: cluster,
    upstream_locality_stats: [
      { ...locality, total_successful_requests: String(succeeded), total_error_requests: String(failed) },
      { ...locality, total_successful_requests: "1", total_requests_in_progress: "2" },
    ],
    total_dropped_requests: "3",
    load_report_interval: { seconds: "10" },
  };
}

describe("LRS (XDS-144)", () => {
  it("answers the first message with an interval and all clusters", async () => {
    await using up = await startOperatorServer({});
    const stream = up.open(path, types);
    stream.send({ node: { id: "e1" } });
    assert.deepEqual(await stream.next(), {
      send_all_clusters: true,
      load_reporting_interval: { seconds: "10" },
    });
  });

  it("adds loads up by node and cluster, and forgets those of a node that went", async () => {
    await using up = await startOperatorServer({});
    const [first, second] = [up.open(path, types), up.open(path, types)];
    first.send({ node: { id: "e1" }, cluster_stats: [stats("a", 5, 1)] });
    first.send({ cluster_stats: [stats("a", 7), stats("b", 1)] });
    second.send({ node: { id: "e2" }, cluster_stats: [stats("a", 1)] });
    await Promise.all([first.next(), second.next()]);
    const reports = () =>
      up.loads.list().map(({ node, cluster, succeeded, failed, dropped, inProgress }) => {
        return [node, cluster, succeeded, failed, dropped, inProgress];
      });
    await until(5_000, "all reports are there", () => up.loads.list().length === 3 || undefined);
    assert.deepEqual(
      reports().toSorted((a, b) => String(a).localeCompare(String(b))),
      [
        ["e1", "a", 14, 1, 6, 2],
        ["e1", "b", 2, 0, 3, 2],
        ["e2", "a", 2, 0, 3, 2],
      ],
    );
    first.call.end();
    first.call.resume();
    await first.ended;
    assert.deepEqual(
      reports().map(([node]) => node),
      ["e2"],
    );
    assert.equal(up.loads.clusters.get("a")?.succeeded, 16);
  });

  it("refuses a stream without a node, or with the node of another", async () => {
    await using up = await startOperatorServer({});
    const nameless = up.open(path, types);
    nameless.send({});
    assert.equal((await nameless.ended).code, status.INVALID_ARGUMENT);
    const rules = [{ principals: ["a"], isOperator: false }];
    await using guarded = await startOperatorServer({}, { rules });
    const forged = guarded.open(path, types);
    forged.send({ node: { id: "e1" }, cluster_stats: [stats("a", 5)] });
    assert.equal((await forged.ended).code, status.PERMISSION_DENIED);
    assert.equal(guarded.loads.list().length, 0);
  });
});
