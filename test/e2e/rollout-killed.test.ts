import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { needs, peerPath } from "../kit/peers.ts";
import { clusters, PickyNode } from "../kit/picky-node.ts";
import { RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";

/** Only the canary has a new revision until a person says more. */
const policy = `rollout:
  stages: [{match: {id: canary}, pause: true}]
  gates: {soak: 0s, acked_within: 20s}
`;

/** A server, a canary and two other nodes; nodes come and go with the server. */
class Fleet implements AsyncDisposable {
  readonly serve: ServeProcess;
  readonly #client: RawXdsClient;
  readonly canary: PickyNode;
  readonly others: readonly PickyNode[];

  private constructor(serve: ServeProcess, port: number) {
    this.serve = serve;
    this.#client = new RawXdsClient(port);
    this.canary = new PickyNode(this.#client, "canary");
    this.others = ["edge-1", "edge-2"].map((id) => new PickyNode(this.#client, id));
  }

  static async start(folder: { readonly path: string; readonly state: string }): Promise<Fleet> {
    const serve = new ServeProcess(folder.path, folder.state, ["--log-level", "debug"]);
    return new Fleet(serve, await serve.xdsPort());
  }

  async allHave(count: number): Promise<void> {
    await Promise.all([this.canary, ...this.others].map((node) => node.has(count)));
  }

  /** Ends the server as a crash does, after so many lines of its log more; false when it has nothing more to say. */
  async killAfter(lines: number, from: number, last: string): Promise<boolean> {
    const { serve } = this;
    const reached = await serve.child.outputGives(() => {
      const now = serve.lines.slice(from);
      if (now.length >= lines) return "killed";
      return now.some(({ msg }) => msg === last) ? "over" : undefined;
    }, `line ${lines} or ${last}`);
    serve.child.kill("SIGKILL");
    await serve.child.exit();
    return reached === "killed";
  }

  /** As `chancery rollout` does; resolves when it is acknowledged. */
  async order(action: string): Promise<void> {
    const response = await fetch(`http://${await this.serve.adminAddress()}/api/v1/rollout`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action }),
    });
    assert.equal(response.status, 200, await response.text());
  }

  /** Resolves when the others have one cluster; rejects if they were ever sent anything else. */
  async othersHaveOne(): Promise<void> {
    await Promise.all(this.others.map((node) => node.has(1)));
    assert.deepEqual([...new Set(this.others.flatMap(({ seen }) => seen))], [1]);
  }

  async kill(): Promise<void> {
    this.serve.child.kill("SIGKILL");
    await this.serve.child.exit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
    await this.serve[Symbol.asyncDispose]();
  }
}

/** A fleet that has one cluster, whose server has that on the disk. */
function withOneCluster() {
  return servedFolder({ "chancery.yaml": policy, "a.yaml": clusters("a") });
}

async function started(folder: { readonly path: string; readonly state: string }): Promise<Fleet> {
  const fleet = await Fleet.start(folder);
  await fleet.serve.said("revision is kept in the state directory");
  await fleet.allHave(1);
  return fleet;
}

describe("chancery serve, ended by kill -9 in a rollout", { timeout: 300_000 }, () => {
  it("gives each node what its stage says from then on, whichever line of the log was the last", async (test) => {
    let kills = 0;
    for (let isKilled = true; isKilled; kills += 1) {
      using folder = withOneCluster();
      {
        await using fleet = await started(folder);
        const from = fleet.serve.lines.length;
        folder.write("a.yaml", clusters("a", "b"));
        isKilled = await fleet.killAfter(kills + 1, from, "rollout has passed a stage");
        await fleet.othersHaveOne();
      }
      await using fleet = await Fleet.start(folder);
      await fleet.canary.has(2);
      await fleet.serve.said("rollout has passed a stage");
      await fleet.othersHaveOne();
      await fleet.order("promote");
      await fleet.allHave(2);
    }
    test.diagnostic(`killed ${kills} times`);
    assert.ok(kills > 3, `killed ${kills} times`);
  });

  it("takes back what a node refused, whichever line was the last, and no other node ever sees it", async (test) => {
    let kills = 0;
    for (let isKilled = true; isKilled; kills += 1) {
      using folder = withOneCluster();
      {
        await using fleet = await started(folder);
        const from = fleet.serve.lines.length;
        folder.write("a.yaml", clusters("a", "b", "c"));
        isKilled = await fleet.killAfter(kills + 1, from, "rollout has failed and is rolled back");
        await fleet.othersHaveOne();
      }
      await using fleet = await Fleet.start(folder);
      await fleet.canary.has(1);
      // Rolled back now, or before: then it is not tried again.
      await fleet.serve.lineThat(
        ({ msg }) =>
          msg === "rollout has failed and is rolled back" ||
          msg === "the revision of the source is not applied again",
      );
      await fleet.canary.has(1);
      await fleet.othersHaveOne();
      const { text } = await fleet.serve.get("/api/v1/rollout/history");
      assert.equal(text.match(/"result":"rolled-back"/g)?.length, 1, text);
    }
    test.diagnostic(`killed ${kills} times`);
    assert.ok(kills > 3, `killed ${kills} times`);
  });

  it("has lost nothing that a person was told is done", async () => {
    const orders: readonly (readonly [order: string, after: (fleet: Fleet) => Promise<void>])[] = [
      [
        "pause",
        async (fleet) => {
          await fleet.canary.has(2);
          assert.match((await fleet.serve.get("/api/v1/rollout")).text, /"reason":"paused by local"/);
        },
      ],
      ["promote", async (fleet) => fleet.allHave(2)],
      [
        "abort",
        async (fleet) => {
          await fleet.serve.said("the revision of the source is not applied again");
          await fleet.allHave(1);
          assert.deepEqual(fleet.canary.seen, [1]);
        },
      ],
    ];
    for (const [order, check] of orders) {
      using folder = withOneCluster();
      {
        await using fleet = await started(folder);
        folder.write("a.yaml", clusters("a", "b"));
        await fleet.canary.has(2);
        await fleet.order(order);
        await fleet.kill();
      }
      await using fleet = await Fleet.start(folder);
      await check(fleet);
    }
  });

  it("serves after an undo what was gone back to, whatever the source has", async () => {
    using folder = withOneCluster();
    {
      await using fleet = await started(folder);
      folder.write("a.yaml", clusters("a", "b"));
      await fleet.canary.has(2);
      await fleet.order("promote");
      await fleet.allHave(2);
      await fleet.order("undo");
      await fleet.kill();
    }
    {
      await using fleet = await Fleet.start(folder);
      await fleet.allHave(1);
      await fleet.order("retry");
      await fleet.canary.has(2);
      await fleet.othersHaveOne();
      await fleet.kill();
    }
    await using fleet = await Fleet.start(folder);
    await fleet.canary.has(2);
    await fleet.othersHaveOne();
  });

  it(
    "has one moment of the rollout on the disk, whichever system call puts it there is not made",
    needs("strace"),
    async () => {
      // The candidate's content, then what names it: each is written aside, synced, renamed, and its folder synced.
      const calls = ["fsync:1", "rename:1", "fsync:2", "fsync:3", "rename:2", "fsync:4"];
      for (const call of calls) {
        using folder = withOneCluster();
        {
          await using fleet = await started(folder);
          await fleet.kill();
        }
        folder.write("a.yaml", clusters("a", "b"));
        {
          const [name, nth] = call.split(":");
          const fault = `inject=${name}:signal=SIGKILL:when=${nth}`;
          // Calls are counted by thread.
          const oneThread = ["env", "UV_THREADPOOL_SIZE=1"];
          const strace = [
            peerPath("strace"),
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            `trace=${name}`,
            "-e",
            fault,
          ];
          await using serve = new ServeProcess(folder.path, folder.state, [], [...oneThread, ...strace]);
          assert.equal(await serve.child.exit(60_000), 137, call);
        }
        // Only what is on the disk can be served.
        folder.write("a.yaml", "clusters:\n- {name: a, type: STATIK}\n");
        await using fleet = await Fleet.start(folder);
        await fleet.serve.said(
          "the source is not served; the last good revision from the state directory is",
        );
        await fleet.othersHaveOne();
        await fleet.canary.has(isNamed(call) ? 2 : 1);
        const lost = fleet.serve.lines.filter(({ msg }) => /cannot be used|cannot go on/.test(msg));
        assert.deepEqual(lost, [], call);
      }
    },
  );
});

/** Once the second rename is made, the candidate is what the canary has. */
function isNamed(call: string): boolean {
  return call === "fsync:4";
}
