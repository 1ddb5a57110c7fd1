import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { AdminSource, ResourceQuery } from "../../../src/server/admin/admin-source.ts";
import { type AdminAppOptions, createAdminApp } from "../../../src/server/admin/app.ts";
import { listenAdmin } from "../../../src/server/admin/listen.ts";
import type { OrderOutcome } from "../../../src/server/rollout/order-outcome.ts";
import { formatListenAddress } from "../../../src/server/listen-address.ts";
import { until } from "../../kit/within.ts";
import { idleSource } from "./idle-source.ts";

function adminWith(more: Partial<AdminSource> = {}, tokens?: AdminAppOptions["tokens"]) {
  const source = idleSource(more);
  const stop = new AbortController();
  const { signal } = stop;
  const app = createAdminApp({
    source,
    clock: systemClock,
    allowedHosts: [],
    signal,
    ...(tokens && { tokens }),
  });
  const request = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", "127.0.0.1:1");
    return app.request(path, { ...init, headers });
  };
  return { app, request, events: source.events, stop };
}

async function answer(response: Promise<Response>): Promise<[number, unknown]> {
  const { status, body } = await response.then(async (r) => ({ status: r.status, body: await r.json() }));
  return [status, body];
}

function post(
  body: string,
  headers: Record<string, string> = { "content-type": "application/json" },
): RequestInit {
  return { method: "POST", body, headers };
}

function isProbe(path: string): boolean {
  return ["/livez", "/healthz", "/readyz"].includes(path);
}

describe("the admin API", () => {
  it("is alive always, and ready when the control plane is", async () => {
    const { request } = adminWith({ notReadyBecause: () => "no valid revision yet" });
    for (const path of ["/healthz", "/livez"]) assert.equal((await request(path)).status, 200);
    const ready = await request("/readyz");
    assert.deepEqual([ready.status, await ready.text()], [503, "no valid revision yet\n"]);
    assert.equal((await adminWith().request("/readyz")).status, 200);
  });

  it("says which of some groups connected nodes would belong to, or all that is wrong with the question", async () => {
    const locality = { region: "eu", zone: "", sub_zone: "" };
    const node = { cluster: "", locality, userAgentName: "", userAgentVersion: "", clientFeatures: [] };
    const { request } = adminWith({
      connected: () => [
        { ...node, id: "b" },
        { ...node, id: "a" },
      ],
    });
    const ask = (body: unknown) => answer(request("/api/v1/groups/match", post(JSON.stringify(body))));
    const groups = [
      { name: "one", match: { id: "a" } },
      { name: "two", match: { id: "a*" } },
    ];
    const items = [{ node: "a", group: "one" }, { node: "b" }];
    assert.deepEqual(await ask({ groups }), [
      200,
      { apiVersion: "chancery/v1", kind: "GroupMatchList", items },
    ]);
    for (const wrong of [
      {},
      { groups: "all" },
      { groups: [{ name: "one" }] },
      { groups: [{ name: "one", match: { id: 1 } }] },
      { groups: [{ name: "one", match: { ids: "a" } }] },
      { groups: [{ name: "one", match: { locality: { region: 1 } } }] },
    ]) {
      const [status, body] = await ask(wrong);
      assert.equal(status, 400);
      assert.match(JSON.stringify(body), /groups: expected a list of groups such as/);
    }
  });

  it("asks for a token on every path but the probes, where it has tokens", async () => {
    const tokens = { nameOf: (header?: string) => (header === "Bearer right" ? "ops" : undefined) };
    const { app, request } = adminWith({}, tokens);
    const paths = app.routes.filter(({ method }) => method !== "ALL");
    assert.ok(paths.length > 8);
    for (const { method, path } of [...paths, { method: "GET", path: "/none" }]) {
      const body = method === "POST" ? { body: "{}" } : {};
      const call = (authorization?: string) =>
        request(path, {
          method,
          ...body,
          headers: { "content-type": "application/json", ...(authorization && { authorization }) },
        });
      for (const wrong of [undefined, "Bearer wrong", "right"]) {
        const response = await call(wrong);
        assert.equal(response.status === 401, !isProbe(path), `${method} ${path}`);
        if (!isProbe(path)) assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
      }
      const response = await call("Bearer right");
      assert.notEqual(response.status, 401);
      await response.body?.cancel();
    }
  });

  it("gives metrics in Prometheus' form and the version as JSON", async () => {
    const { request } = adminWith();
    const metrics = await request("/metrics");
    assert.deepEqual(
      [metrics.headers.get("content-type"), await metrics.text()],
      ["text/plain; version=0.0.4", "chancery_ready 1\n"],
    );
    const [, version] = await answer(request("/version"));
    assert.deepEqual(version, { apiVersion: "chancery/v1", kind: "Version", version: "1.2.3" });
  });

  it("says what is wrong with a question about a node", async () => {
    const { request } = adminWith({ why: async () => ({ items: [], problem: "no such name" }) });
    const cases: readonly [string, number, string][] = [
      ["/api/v1/why?node=n1", 400, "node and name: expected both"],
      ["/api/v1/why?node=n1&name=a", 404, "no such name"],
      ["/api/v1/config", 400, "node: expected the id of a node"],
      ["/api/v1/config?node=n1&limit=0", 400, 'limit: expected 1 to 10000, found "0"'],
      ["/api/v1/config?node=n1&content=no", 400, 'content: expected true or false, found "no"'],
    ];
    for (const [path, status, message] of cases) {
      assert.deepEqual(await answer(request(path)), [
        status,
        { apiVersion: "chancery/v1", kind: "Error", message },
      ]);
    }
  });

  it("hands queries on and names the shape of every answer", async () => {
    const queries: ResourceQuery[] = [];
    const { request } = adminWith({
      resources: (query) => {
        queries.push(query);
        return { resources: [], isTruncated: true };
      },
    });
    assert.deepEqual(await answer(request("/api/v1/resources?type=Cluster&group=edge&limit=5")), [
      200,
      { apiVersion: "chancery/v1", kind: "ResourceList", items: [], isTruncated: true },
    ]);
    assert.deepEqual(queries, [{ type: "Cluster", group: "edge", name: undefined, limit: 5 }]);
    assert.deepEqual(await answer(request("/api/v1/nodes")), [
      200,
      { apiVersion: "chancery/v1", kind: "NodeList", items: [] },
    ]);
  });

  const bad: [string, string, RequestInit, number, RegExp][] = [
    ["a path that is not there", "/nope", {}, 404, /no \/nope/],
    [
      "a limit that is none",
      "/api/v1/resources?limit=many",
      {},
      400,
      /limit: expected 1 to 10000, found "many"/,
    ],
    ["a rebound host name", "/api/v1/nodes", { headers: { host: "evil.example" } }, 403, /not allowed/],
    ["an event id that is none", "/api/v1/events?after=x", {}, 400, /after: expected an event id/],
    ["a form", "/api/v1/reconcile", post("a=1", { "content-type": "text/plain" }), 415, /application\/json/],
    [
      "a broken body",
      "/api/v1/reconcile",
      post("{"),
      400,
      /^expected a JSON object, found no JSON; send one/,
    ],
    ["a list", "/api/v1/reconcile", post("[1]"), 400, /^expected a JSON object, found a list; /],
    [
      "all that is wrong with a body",
      "/api/v1/reconcile",
      post('{"allowRemovals":1,"allowRemoval":true,"x":{}}'),
      400,
      new RegExp(
        '^allowRemovals: expected true or false, found 1; "allowRemoval": unknown field, did you mean allowRemovals\\?; ' +
          '"x": unknown field, expected allowRemovals; send',
      ),
    ],
    [
      "a field that every object has",
      "/api/v1/rollout",
      post('{"action":"pause","constructor":1,"__proto__":1}'),
      400,
      /^"constructor": unknown field, .*; "__proto__": unknown field/,
    ],
    ["no action", "/api/v1/rollout", post("{}"), 400, /^action: expected pause, .* or retry, found nothing$/],
    [
      "all that is wrong with an order",
      "/api/v1/rollout",
      post('{"action":"stop","ful":true,"revision":""}'),
      400,
      /^action: expected pause, .* or retry, found "stop"; "ful": .*mean full\?; revision: expected the id .*, found ""/,
    ],
    [
      "fields of other orders",
      "/api/v1/rollout",
      post('{"action":"abort","full":false,"revision":"1"}'),
      400,
      /^full: goes with promote alone; revision: goes with undo alone$/,
    ],
    ["a huge body", "/api/v1/reconcile", post(JSON.stringify("x".repeat(70_000))), 413, /larger than 65536/],
  ];
  for (const [what, path, init, status, message] of bad) {
    it(`answers ${status} as JSON to ${what}`, async () => {
      const [found, body] = await answer(adminWith().request(path, init));
      assert.equal(found, status);
      assert.match(JSON.stringify(body), /"kind":"Error"/);
      assert.match(String(Object(body).message), message);
    });
  }

  it("hands an order to the rollout, and answers what came of it", async () => {
    const orders: unknown[] = [];
    const outcomes: OrderOutcome[] = [
      { kind: "done" },
      { kind: "done" },
      { kind: "done" },
      { kind: "refused", reason: "no rollout is under way" },
      { kind: "unkept", reason: "ENOSPC" },
    ];
    const { request } = adminWith({
      orderRollout: async (order, by) => {
        orders.push([order, by]);
        return outcomes[orders.length - 1]!;
      },
    });
    const order = async (body: string) => answer(request("/api/v1/rollout", post(body)));
    assert.equal((await order('{"action":"promote","full":true}'))[0], 200);
    assert.equal((await order('{"action":"undo","revision":"f00"}'))[0], 200);
    assert.equal((await order('{"action":"undo"}'))[0], 200);
    const [status, refused] = await order('{"action":"pause"}');
    assert.deepEqual([status, Object(refused).message], [409, "no rollout is under way"]);
    const [full, unkept] = await order('{"action":"retry"}');
    assert.equal(full, 507);
    assert.match(Object(unkept).message, /^it is done, but a restart would lose it: .*: ENOSPC$/);
    assert.deepEqual(orders, [
      [{ action: "promote", isFull: true }, "local"],
      [{ action: "undo", revisionId: "f00" }, "local"],
      [{ action: "undo" }, "local"],
      [{ action: "pause" }, "local"],
      [{ action: "retry" }, "local"],
    ]);
  });

  it("answers 422 when what reconcile found is not served", async () => {
    const asked: boolean[] = [];
    const { request } = adminWith({
      reconcile: async ({ allowsRemovals }) => {
        asked.push(allowsRemovals);
        return { isAccepted: allowsRemovals, current: null, refused: null };
      },
    });
    assert.equal((await request("/api/v1/reconcile", post("{}"))).status, 422);
    assert.equal((await request("/api/v1/reconcile", post('{"allowRemovals":true}'))).status, 200);
    assert.deepEqual(asked, [false, true]);
  });

  it("forgets event streams whose clients have gone, however many there were", async () => {
    const { app } = adminWith();
    const server = await listenAdmin(app, { host: "127.0.0.1", port: 0 });
    const url = `http://${formatListenAddress(server.address)}/api/v1/events`;
    for (let count = 0; count < 150; count += 1) {
      const leave = new AbortController();
      // The server notices in its own time that a client went; 150 in all are more than it has room for at once.
      await until(5000, "an event stream is granted", async () => {
        const { status } = await fetch(url, { signal: leave.signal });
        return status === 200 || undefined;
      });
      leave.abort();
    }
    await server.close();
  });

  it("streams events from the id given, and ends with the control plane", async () => {
    const { app, events, stop } = adminWith();
    const server = await listenAdmin(app, { host: "127.0.0.1", port: 0 });
    events.add("revision-served", 1, { id: "r1" });
    const response = await fetch(`http://${formatListenAddress(server.address)}/api/v1/events?after=0`);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk);
      if (text.includes("r1") && events.lastId === 1) events.add("nacked", 2, { node: "e1" });
      if (text.includes("nacked")) stop.abort();
    }
    assert.ok(text.endsWith('id: 2\nevent: nacked\ndata: {"atMs":2,"node":"e1"}\n\n'), text);
    await server.close();
  });
});
