import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { mutualTls, testCa } from "../kit/certificates.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient, type RawXdsStream } from "../kit/raw-xds-client.ts";
import { keepRefused, servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";

const soonMs = 20_000;

function clusters(...names: string[]): string {
  return `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
}

/** A node on a connection of its own, as an Envoy has it, that accepts everything with fewer than three clusters. */
class TestNode implements Disposable {
  readonly stream: RawXdsStream;
  readonly #client: RawXdsClient;
  #accepted = "";

  constructor(client: RawXdsClient, id: string) {
    this.#client = client;
    this.stream = client.open(adsSotw);
    this.stream.send({ node: { id, cluster: "edge" }, type_url: CLUSTER });
  }

  /** Takes the next response, answers it, and gives how many resources it has. */
  async take(): Promise<number> {
    const { nonce, version, resources } = await this.stream.next();
    const isRefused = resources.length > 2;
    if (!isRefused) this.#accepted = version;
    this.stream.send({
      type_url: CLUSTER,
      response_nonce: nonce,
      version_info: this.#accepted,
      ...(isRefused && { error_detail: { code: 13, message: "Error adding/updating cluster(s) c: no" } }),
    });
    return resources.length;
  }

  [Symbol.dispose](): void {
    // An open call would keep the connection.
    this.stream.call.cancel();
    this.#client[Symbol.dispose]();
  }
}

/** Nodes, one after the other, each with its first answer taken. */
async function connectNodes(port: number, count: number): Promise<readonly TestNode[]> {
  const nodes: TestNode[] = [];
  for (let index = 0; index < count; index += 1) {
    const node = new TestNode(new RawXdsClient(port), `n${index}`);
    nodes.push(node);
    await node.take();
  }
  return nodes;
}

function dispose(nodes: readonly TestNode[]): void {
  for (const node of nodes) node[Symbol.dispose]();
}

/** A metric with one label, by its value. */
async function metric(serve: ServeProcess, name: string): Promise<ReadonlyMap<string, number>> {
  const { text } = await serve.get("/metrics");
  const lines = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*="([^"]*)"\\})? (\\S+)$`, "gm"));
  return new Map(Array.from(lines, ([, label = "", value]) => [label, Number(value)]));
}

/** Resolves when each worker has so many streams, whichever has the most. */
async function spread(serve: ServeProcess, ...counts: readonly number[]): Promise<void> {
  let seen: readonly number[] = [];
  await until(
    soonMs,
    () => `workers have ${counts.join(" and ")} streams, not ${seen.join(" and ")}`,
    async () => {
      seen = [...(await metric(serve, "chancery_worker_streams")).values()].toSorted((a, b) => a - b);
      return seen.join() === counts.join() || undefined;
    },
  );
}

/** The process ids of the workers that have said that they serve. */
function pidsOf({ lines }: ServeProcess): readonly number[] {
  return lines.filter(({ msg }) => msg === "worker serves").map(({ pid }) => Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // There is no such process.
  }
}

async function isOver(pids: readonly number[]): Promise<void> {
  await until(soonMs, "the workers have ended", () => !pids.some(isRunning) || undefined);
}

function metadataOf(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

const two = ["--workers", "2"];

describe("chancery serve --workers", { timeout: 120_000 }, () => {
  it("serves as one: nodes on both workers, and one answer about all of them everywhere", async () => {
    using folder = servedFolder({ "chancery.yaml": keepRefused, "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, two);
    const port = await serve.xdsPort();
    assert.equal((await serve.get("/readyz")).status, 200);
    const nodes = await connectNodes(port, 6);
    await serve.said("all connected nodes have accepted the revision");
    await spread(serve, 3, 3);
    assert.deepEqual(
      await metric(serve, "chancery_workers"),
      new Map([
        ["serving", 2],
        ["starting", 0],
      ]),
    );

    await serve.accepted(() => {
      folder.write("a.yaml", clusters("a", "b"));
      for (const node of nodes) void node.take();
    });
    const refused = await serve.refusal(() => {
      folder.write("a.yaml", clusters("a", "b", "c"));
      for (const node of nodes) void node.take();
    });
    assert.match(String(refused["resources"]), /^c \(.*a\.yaml:4:10\)$/);
    await until(soonMs, "all have refused", async () => {
      const { text } = await serve.get("/metrics");
      return text.includes('chancery_xds_responses_total{type="Cluster",result="nack"} 6') || undefined;
    });

    const admin = ["--admin-address", await serve.adminAddress()];
    const table = await runChancery(["status", ...admin]);
    for (const node of ["n0", "n5"]) assert.match(table.stdout, new RegExp(`^${node} .*NACKED`, "m"));
    for (const node of ["n0", "n1"]) {
      const why = await runChancery(["why", node, "c", ...admin]);
      assert.match(why.stdout, /refused/);
      const config = await runChancery(["config", "cluster", node, "-o", "json", ...admin]);
      const names = JSON.parse(config.stdout).items.map(({ name }: { name: string }) => name);
      assert.deepEqual(names, ["a", "b", "c"]);
    }
    assert.deepEqual((await metric(serve, "chancery_xds_requests_total")).get("Cluster"), nodes.length * 4);
    dispose(nodes);
  });

  it("XDS-61: gates a rollout by the nodes of all workers, and takes back within 2 s what one refuses", async (test) => {
    const policy = "rollout:\n  stages: [{match: {id: n0}}]\n  gates: {soak: 1s, acked_within: 20s}\n";
    using folder = servedFolder({ "chancery.yaml": policy, "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, two);
    const nodes = await connectNodes(await serve.xdsPort(), 8);
    const [canary, ...others] = nodes;
    assert.ok(canary);
    folder.write("a.yaml", clusters("a", "b"));
    assert.equal(await canary.take(), 2);
    const taken = await Promise.all(others.map((node) => node.take()));
    assert.deepEqual(new Set(taken), new Set([2]));
    await serve.said("rollout is complete");

    folder.write("a.yaml", clusters("a", "b", "c"));
    assert.equal(await canary.take(), 3);
    const refusedAtMs = performance.now();
    assert.equal(await canary.take(), 2);
    const tookMs = performance.now() - refusedAtMs;
    test.diagnostic(`rolled back ${Math.round(tookMs)} ms after the refusal`);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    await serve.said("rollout has failed and is rolled back");
    assert.ok(
      others.every(({ stream }) => stream.backlog === 0),
      "others never saw it",
    );
    dispose(nodes);
  });

  it("goes on when a worker is killed: another takes its place and serves what is served now", async () => {
    using folder = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, two);
    const port = await serve.xdsPort();
    const nodes = await connectNodes(port, 4);
    await serve.accepted(() => {
      folder.write("a.yaml", clusters("a", "b"));
      for (const node of nodes) void node.take();
    });
    const [victim] = pidsOf(serve);
    assert.ok(victim);
    process.kill(victim, "SIGKILL");
    const line = await serve.said("worker has ended; another one takes its place");
    assert.deepEqual([line["pid"], line["how"], line["streams"]], [victim, "SIGKILL", 2]);
    assert.equal((await serve.get("/readyz")).status, 200);
    await serve.said("worker serves", 2);
    const lost = await Promise.all(
      nodes.map(async ({ stream }) =>
        Promise.race([stream.ended.then(() => true), serve.get("/livez").then(() => false)]),
      ),
    );
    assert.equal(lost.filter(Boolean).length, 2);
    const back = await connectNodes(port, 4);
    await spread(serve, 3, 3);
    assert.deepEqual(await metric(serve, "chancery_worker_restarts_total"), new Map([["", 1]]));
    const config = await runChancery([
      "config",
      "cluster",
      "n0",
      "-o",
      "json",
      "--admin-address",
      await serve.adminAddress(),
    ]);
    assert.deepEqual(
      JSON.parse(config.stdout).items.map(({ name }: { name: string }) => name),
      ["a", "b"],
    );
    dispose([...nodes, ...back]);
  });

  it("notices a worker that hangs: it is killed, and its nodes are served by another", async () => {
    using folder = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, [...two, "--worker-timeout", "2s"]);
    const port = await serve.xdsPort();
    const nodes = await connectNodes(port, 4);
    // A worker that stands still reports no stream any more.
    await spread(serve, 2, 2);
    const [victim] = pidsOf(serve);
    assert.ok(victim);
    process.kill(victim, "SIGSTOP");
    // One of these is given to it.
    const stuck = Array.from({ length: 2 }, () => new TestNode(new RawXdsClient(port), "n4"));
    const hung = await serve.said("worker hangs, and is killed");
    assert.deepEqual([hung["pid"], hung["error"]], [victim, "no sign of life for 2 s"]);
    const ended = await serve.said("worker has ended; another one takes its place");
    assert.deepEqual([ended["how"], ended["streams"]], ["no sign of life for 2 s", 2]);
    await serve.said("worker serves", 2);
    await isOver([victim]);
    await Promise.any(stuck.map(({ stream }) => stream.ended));
    dispose(stuck);
    await spread(serve, 0, 2);
    assert.deepEqual(await metric(serve, "chancery_worker_hangs_total"), new Map([["", 1]]));
    const back = await connectNodes(port, 4);
    await spread(serve, 3, 3);
    const streams = await metric(serve, "chancery_xds_streams");
    assert.deepEqual([...streams.values()], [6], "streams of the one that is gone do not count");
    dispose([...nodes, ...back]);
  });

  it("drains all workers at SIGTERM, and leaves none behind", async () => {
    using folder = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, two);
    const nodes = await connectNodes(await serve.xdsPort(), 4);
    const pids = pidsOf(serve);
    serve.child.kill("SIGTERM");
    const ends = await Promise.all(nodes.map(({ stream }) => stream.ended));
    assert.deepEqual(
      ends.map(({ code, details }) => [code, details]),
      ends.map(() => [status.UNAVAILABLE, "the server is shutting down"]),
    );
    assert.equal(await serve.child.exit(), 0);
    await isOver(pids);
    assert.equal(serve.lines.filter(({ msg }) => msg === "node disconnected").length, 4);
    dispose(nodes);
  });

  it("leaves no worker behind when it is killed", async () => {
    using folder = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, two);
    await serve.said("xDS is served");
    const pids = pidsOf(serve);
    assert.equal(pids.length, 2);
    serve.child.kill("SIGKILL");
    assert.equal(await serve.child.exit(), 137);
    await isOver(pids);
  });

  it(
    "XDS-136 XDS-137 XDS-138: all workers take certificates, rules and tokens, and what they are changed to",
    needs("openssl"),
    async () => {
      using files = temporaryFolder();
      const [ca, other] = [testCa("one"), testCa("two")];
      const rules = `authorization: {rules: [{principals: ["spiffe://fleet/*"], node_ids: ["n*"]}]}\n`;
      using folder = servedFolder({ "a.yaml": clusters("a"), "chancery.yaml": rules });
      await using serve = new ServeProcess(folder.path, folder.state, [...two, ...mutualTls(files, ca)]);
      const port = await serve.xdsPort();
      const own = ca.issue("URI:spiffe://fleet/1");
      const clientOf = (trusted: Buffer) =>
        new RawXdsClient(port, credentials.createSsl(trusted, own.key, own.cert));
      const nodes = Array.from({ length: 4 }, (_, index) => new TestNode(clientOf(ca.cert), `n${index}`));
      assert.deepEqual(await Promise.all(nodes.map((node) => node.take())), [1, 1, 1, 1]);
      for (const forger of Array.from({ length: 2 }, () => new TestNode(clientOf(ca.cert), "x"))) {
        const { code, details } = await forger.stream.ended;
        assert.deepEqual([code, details.endsWith('may not be node "x"')], [status.PERMISSION_DENIED, true]);
        forger[Symbol.dispose]();
      }

      const next = other.issue("IP:127.0.0.1");
      files.put("cert", next.cert);
      files.put("key", next.key);
      await serve.said("certificates are reloaded");
      const later = Array.from({ length: 4 }, (_, index) => new TestNode(clientOf(other.cert), `n${index}`));
      assert.deepEqual(await Promise.all(later.map((node) => node.take())), [1, 1, 1, 1]);
      folder.write("chancery.yaml", rules.replace("n*", "m*"));
      const ends = await Promise.all([...nodes, ...later].map(({ stream }) => stream.ended));
      assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set([status.PERMISSION_DENIED]));
      dispose([...nodes, ...later]);
    },
  );

  it("takes back a token from all workers", async () => {
    using files = temporaryFolder();
    using folder = servedFolder({ "a.yaml": clusters("a") });
    const file = files.put("tokens", `edge ${"a".repeat(16)}`);
    await using serve = new ServeProcess(folder.path, folder.state, [...two, "--xds-token-file", file]);
    const port = await serve.xdsPort();
    const strangers = async () => {
      const clients = Array.from({ length: 2 }, () => new RawXdsClient(port));
      const ends = await Promise.all(
        clients.map((client) => {
          const stream = client.open(adsSotw, metadataOf("a".repeat(16)));
          stream.send({ node: { id: "n" }, type_url: CLUSTER });
          return Promise.race([stream.ended.then(({ code }) => code), stream.next().then(() => status.OK)]);
        }),
      );
      for (const client of clients) client[Symbol.dispose]();
      return ends;
    };
    assert.deepEqual(await strangers(), [status.OK, status.OK]);
    files.put("tokens", `edge ${"b".repeat(16)}`);
    await serve.said("tokens are reloaded");
    assert.deepEqual(await strangers(), [status.UNAUTHENTICATED, status.UNAUTHENTICATED]);
  });

  it("counts the connections of an address over all workers", async () => {
    using folder = servedFolder({ "a.yaml": clusters("a") });
    const limit = ["--max-connections-per-address", "3"];
    await using serve = new ServeProcess(folder.path, folder.state, [...two, ...limit]);
    const port = await serve.xdsPort();
    const nodes = await connectNodes(port, 3);
    const beyond = new TestNode(new RawXdsClient(port), "n3");
    const line = await serve.said("connections are refused");
    assert.match(String(line["reason"]), /^3 connections of 127\.0\.0\.1 are open, limit is 3$/);
    beyond[Symbol.dispose]();
    nodes[0]?.[Symbol.dispose]();
    // There is room when its worker has told that the connection is over.
    await until(soonMs, "another one is let in", async () => {
      using next = new TestNode(new RawXdsClient(port), "n4");
      return await Promise.race([next.take(), next.stream.ended.then(() => undefined)]);
    });
    dispose(nodes.slice(1));
  });

  it("refuses a number of workers that cannot be meant", async () => {
    for (const number of ["0", "x", "65", "1.5", "-1"]) {
      const { code, stderr } = await runChancery(["serve", ".", `--workers=${number}`]);
      assert.equal(code, 64, stderr);
      assert.match(stderr, /--workers.*expected a whole number from 1 to 64/);
    }
  });
});
