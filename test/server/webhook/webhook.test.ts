import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { createLog, type LogRecord } from "../../../src/base/log.ts";
import { createWebhookApp } from "../../../src/server/admin/webhook-routes.ts";
import { Webhook } from "../../../src/server/webhook/webhook.ts";
import type { GitTarget } from "../../../src/sources/git/target.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

const secret = "correct horse battery staple";

/** A webhook, and what it did. */
function hooked(target: GitTarget = { kind: "branch", name: "main" }, secrets: readonly string[] = [secret]) {
  const clock = new FakeClock();
  const lines: LogRecord[] = [];
  let pokes = 0;
  const webhook = new Webhook({
    secrets: async () => secrets,
    target,
    poke: () => {
      pokes += 1;
    },
    clock,
    log: createLog("debug", (line) => lines.push(line)),
  });
  const app = createWebhookApp(webhook);
  const deliver = async (headers: Record<string, string>, body: string) => {
    const response = await app.request("/api/v1/webhook", { method: "POST", body, headers });
    return { status: response.status, text: await response.text() };
  };
  return { clock, lines, webhook, deliver, pokes: () => pokes };
}

function hmac(body: string, key: string | Buffer = secret) {
  return createHmac("sha256", key).update(body);
}

const push = (branch: string, commit = "1") =>
  JSON.stringify({ ref: `refs/heads/${branch}`, after: commit, repository: { default_branch: "main" } });

const github = (body: string) => ({
  "x-github-event": "push",
  "x-hub-signature-256": `sha256=${hmac(body).digest("hex")}`,
});

function standard(body: string, atMs: number, key: string | Buffer = secret, id = "msg_1") {
  const timestamp = String(Math.floor(atMs / 1000));
  const signature = hmac(`${id}.${timestamp}.${body}`, key).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,other v1,${signature}`,
  };
}

describe("the webhook", () => {
  it("takes what GitHub, Gitea, GitLab and Standard Webhooks sign", async () => {
    const { clock, deliver, pokes } = hooked();
    const bodies = ["1", "2", "3", "4"].map((commit) => push("main", commit));
    const headers = [
      github(bodies[0]!),
      { "x-gitea-event": "push", "x-gitea-signature": hmac(bodies[1]!).digest("hex") },
      { "x-gitlab-event": "Push Hook", "x-gitlab-token": secret },
      standard(bodies[3]!, clock.now()),
    ];
    for (const [index, given] of headers.entries()) {
      assert.equal((await deliver(given, bodies[index]!)).status, 202);
      assert.equal(pokes(), index + 1);
    }
  });

  it("refuses what is not signed, or signed with another secret, or changed afterwards", async () => {
    const { clock, deliver, pokes, lines } = hooked();
    const body = push("main");
    const wrong = "another secret, also long";
    for (const headers of [
      {},
      { "x-hub-signature-256": `sha256=${hmac(body, wrong).digest("hex")}` },
      { "x-hub-signature-256": "sha256=" },
      { "x-gitea-signature": hmac(`${body} `).digest("hex") },
      { "x-gitlab-token": wrong },
      { "x-gitlab-token": "" },
      standard(body, clock.now(), wrong),
      { "webhook-signature": "v1,x" },
    ]) {
      assert.equal((await deliver(headers, body)).status, 401, JSON.stringify(headers));
    }
    assert.equal(pokes(), 0);
    assert.doesNotMatch(JSON.stringify(lines), new RegExp(`${secret}|${wrong}`));
  });

  it("takes each of the secrets of a rotation, and a key in base64", async () => {
    const key = Buffer.alloc(24, 7);
    const { clock, deliver } = hooked({ kind: "head" }, [
      "the old secret of before",
      `whsec_${key.toString("base64")}`,
      secret,
    ]);
    assert.equal((await deliver(github(push("main")), push("main"))).status, 202);
    const body = push("main", "2");
    assert.equal((await deliver(standard(body, clock.now(), key), body)).status, 202);
  });

  it("refuses a signed time that is more than five minutes off", async () => {
    const { clock, deliver } = hooked();
    for (const offMs of [-301_000, 301_000]) {
      const answer = await deliver(standard(push("main"), clock.now() + offMs), push("main"));
      assert.equal(answer.status, 401);
      assert.match(answer.text, /its time is 30\d s off/);
    }
  });

  it("asks the repository once for a delivery that is played again, whatever id it comes with", async () => {
    const { deliver, pokes } = hooked();
    const body = push("main");
    await deliver({ ...github(body), "x-github-delivery": "1" }, body);
    const again = await deliver({ ...github(body), "x-github-delivery": "2" }, body);
    assert.deepEqual([again.status, pokes()], [202, 1]);
    assert.match(again.text, /taken before/);
  });

  it("ignores pushes to what is not followed, and events that are no push", async () => {
    const { deliver, pokes, webhook } = hooked();
    for (const [event, body] of [
      ["push", push("other")],
      ["ping", JSON.stringify({ zen: "x" })],
      ["push", JSON.stringify({ ref: "refs/tags/main" })],
    ] as const) {
      assert.equal((await deliver({ ...github(body), "x-github-event": event }, body)).status, 202);
    }
    assert.deepEqual([pokes(), webhook.counts.get("ignored")], [0, 3]);
  });

  it("knows the default branch from what the host says", async () => {
    const { deliver, pokes } = hooked({ kind: "head" });
    await deliver(github(push("other")), push("other"));
    await deliver(github(push("main")), push("main"));
    assert.equal(pokes(), 1);
  });

  it("wants JSON", async () => {
    const { deliver } = hooked();
    const answer = await deliver(github("payload=%7B%7D"), "payload=%7B%7D");
    assert.deepEqual([answer.status, /application\/json/.test(answer.text)], [400, true]);
  });

  it("answers 429 beyond its rate, before it reads anything, and 413 for a huge body", async () => {
    const { clock, deliver, webhook } = hooked();
    assert.equal((await deliver({}, "x".repeat(4 * 1024 * 1024 + 1))).status, 413);
    for (let count = 0; count < 19; count += 1) await deliver({}, "");
    assert.equal((await deliver(github(push("main")), push("main"))).status, 429);
    assert.equal(webhook.counts.get("limited"), 1);
    clock.advance(1000);
    assert.equal((await deliver(github(push("main")), push("main"))).status, 202);
  });
});
