import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { colorsFor } from "../../src/cli/color.ts";
import { runProgram } from "../../src/cli/program.ts";
import { formatAge, formatNodes, shortTypeName } from "../../src/cli/status/node-rows.ts";
import { formatRevision } from "../../src/cli/status/revision-line.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import type { NodeStatus } from "../../src/fleet/node-status.ts";
import type { ServedReport } from "../../src/server/admin/admin-source.ts";
import { ack, CDS, close, connect, envoy, LDS, nack, send, subscribe } from "../fleet/transcript.ts";
import { freePort } from "../kit/free-port.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";

const plain = colorsFor("never", {}, { write: () => true });

function nodes(): readonly NodeStatus[] {
  const place = { file: "edge.yaml", line: 7, column: 3 };
  const fleet = new Fleet({
    resourcesOf: () => new Map([["web", { origin: { place } }]]),
    sourceOf: () => ({
      kind: "git",
      url: "https://git.example/fleet",
      commit: "c0ffee00112233",
      author: "Ada <ada@example>",
      committedAtMs: 1,
      subject: "Move web",
    }),
  });
  for (const event of [
    ...connect(1, envoy("edge-1")),
    subscribe(1, CDS),
    send(1, CDS, "n1", "abcdefghijkl"),
    ack(1, CDS, "n1", "abcdefghijkl"),
    send(1, LDS, "n2", "v2"),
    nack(1, LDS, "n2", "v2", "Error adding/updating listener(s) web: cannot bind '127.0.0.1:80'\n"),
    ...connect(2, envoy("edge-2\u001b[2J"), 1000, ""),
    close(2, 61_000),
  ]) {
    fleet.apply(event);
  }
  return fleet.nodes(121_000);
}

async function status(port: number, ...flags: string[]) {
  const terminal = fakeTerminal();
  const args = ["status", "--admin-address", `127.0.0.1:${port}`, ...flags];
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, args, terminal);
  return { code, ...terminal.written };
}

describe("formatNodes()", () => {
  it("shows a row a node, a column a type, then refusals with the line they are about (XDS-58)", () => {
    assert.deepEqual(formatNodes(nodes(), 121_000, plain).split("\n"), [
      "NODE             CLUSTER  GROUP  AGENT         SINCE     CDS              LDS",
      "edge-1           edge     edge   envoy 1.40.0  2m        SYNCED abcdefgh  NACKED",
      "edge-2\\u001b[2J  edge     -      envoy 1.40.0  away 60s  -                -",
      "edge-1 refused LDS v2 2m ago: Error adding/updating listener(s) web: cannot bind '127.0.0.1:80'",
      "  web at edge.yaml:7:3",
      "  served from commit c0ffee001122 by Ada <ada@example>: Move web",
      "",
    ]);
  });
});

describe("formatRevision()", () => {
  const current: ServedReport = {
    id: "r1",
    source: { kind: "folder", path: "/c" },
    createdAtMs: 0,
    isRestored: false,
    groups: [],
    warnings: [],
    reach: { synced: 3, refused: 1, pending: 0, ungrouped: 0, away: 2 },
  };
  it("says who has what is served", () => {
    const line = formatRevision({ current, refused: null }, 5000, plain);
    assert.equal(line, "revision r1 (5s old): 3 synced, 1 refused, 2 away\n");
  });
  it("says that the source is refused, and that nothing is served", () => {
    const problems = [{ code: "c", severity: "error", message: "m" }] as const;
    const refused = { atMs: 0, reason: "errors", problemCount: 1, problems };
    assert.match(
      formatRevision({ current: { ...current, isRestored: true }, refused }, 5000, plain),
      /, from the state directory\).*\nthe source is refused \(errors, 1 error\) since 5s; what was served before stays\n$/,
    );
    assert.match(formatRevision({ current: null, refused: null }, 0, plain), /^nothing is served/);
  });
});

describe("formatAge()", () => {
  const cases: [number, string][] = [
    [-5, "0s"],
    [119_000, "119s"],
    [120_000, "2m"],
    [7_199_000, "119m"],
    [7_200_000, "2h"],
    [172_800_000, "2d"],
  ];
  for (const [ms, text] of cases) it(`is ${text} for ${ms} ms`, () => assert.equal(formatAge(ms), text));
});

describe("shortTypeName()", () => {
  it("is the name of the service for Envoy's types, the last part for others", () => {
    assert.deepEqual([CDS, LDS, "type.googleapis.com/mine.Filter"].map(shortTypeName), [
      "CDS",
      "LDS",
      "Filter",
    ]);
  });
});

describe("chancery status", () => {
  it("says what to do when nothing listens there, and exits 1", async () => {
    const { code, stdout, stderr } = await status(await freePort());
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^error: cannot reach 127\.0\.0\.1:\d+: .*ECONNREFUSED.*\nis "chancery serve" running\?/,
    );
  });

  it("exits 124 when the server does not answer in time", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const { code, stderr } = await status(port, "--timeout", "50ms");
    assert.equal(code, 124);
    assert.match(stderr, /did not answer within 50 ms\nwait longer with --timeout/);
    server.closeAllConnections();
    server.close();
  });

  it("notices that something else listens there", async () => {
    const server = createServer((_, response) => response.writeHead(404).end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const { code, stderr } = await status(typeof address === "object" && address ? address.port : 0);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /HTTP 404, which is not what Chancery's admin API answers\nis another program on this port\?/,
    );
    server.closeAllConnections();
    server.close();
  });
});
