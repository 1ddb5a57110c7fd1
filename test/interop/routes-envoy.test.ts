import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answers, httpBootstrap, LISTENER } from "../data-plane/http/http-scene.ts";
import {
  domainCases,
  domains,
  matchCases,
  redirectCases,
  type RouteRequest,
} from "../data-plane/http/route-cases.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { connectTo } from "../kit/scripted-client.ts";

/** What Envoy answers on a route configuration, one request after the other. */
async function ask(
  routeConfig: JsonObject,
  requests: readonly (RouteRequest & { readonly host: string })[],
): Promise<string[]> {
  await using envoy = await startEnvoy(httpBootstrap({ echo: 1, dead: 1 }, [], { routeConfig }));
  const port = await envoy.admin.listenerPort(LISTENER);
  const got: string[] = [];
  for (const { path, host, headers = {} } of requests) {
    await using client = await connectTo(port);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    client.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join("")}\r\n`);
    got.push(await answers(client, 1));
  }
  return got;
}

const named = (name: string) => ({
  match: { prefix: "/" },
  direct_response: { status: 200, body: { inline_string: name } },
});
const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);

describe("what the tests of routes say of Envoy", needs("envoy"), () => {
  it("holds for matches", async () => {
    const hosts = matchCases.map(({ match }, index) => ({
      name: `host${index}`,
      domains: [`h${index}`],
      routes: [{ ...named("yes"), match }],
    }));
    const rows = matchCases.flatMap(({ takes, leaves }, index) => [
      ...takes.map((request) => ({ ...request, host: `h${index}`, isTaken: true })),
      ...leaves.map((request) => ({ ...request, host: `h${index}`, isTaken: false })),
    ]);
    const got = await ask({ virtual_hosts: hosts }, rows);
    const wrong = rows.filter(({ isTaken }, index) => (bodyOf(got[index]!) === "yes") !== isTaken);
    assert.deepEqual(wrong, []);
  });

  it("holds for domains", async () => {
    const hosts = domains.map((domain, index) => ({
      name: `host${index}`,
      domains: [domain],
      routes: [named(domain)],
    }));
    const got = await ask(
      { virtual_hosts: hosts },
      domainCases.map(([host]) => ({ path: "/", host })),
    );
    assert.deepEqual(
      domainCases.map(([host], index) => [host, bodyOf(got[index]!)]),
      domainCases,
    );
  });

  it("holds for redirects", async () => {
    const got: string[] = [];
    for (const [redirect, path] of redirectCases) {
      const routes = [{ match: { prefix: "/" }, redirect }];
      const [answer = ""] = await ask({ virtual_hosts: [{ name: "all", domains: ["*"], routes }] }, [
        { path, host: "a.example" },
      ]);
      got.push(/^location: ([^\r]*)\r$/m.exec(answer)?.[1] ?? answer);
    }
    assert.deepEqual(
      got,
      redirectCases.map(([, , location]) => location),
    );
  });
});
