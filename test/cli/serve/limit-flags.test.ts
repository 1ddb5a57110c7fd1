import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { environmentName, type Flag, longName } from "../../../src/cli/flag.ts";
import { limitFlags, limitsFromFlags } from "../../../src/cli/serve/limit-flags.ts";
import { serveCommand } from "../../../src/cli/serve.ts";
import { CLUSTER } from "../../../src/schema/type-urls.ts";
import { defaultAdsLimits } from "../../../src/server/ads-server.ts";
import { ServeProcess } from "../../kit/chancery-process.ts";
import { frameType, RawHttp2 } from "../../kit/raw-http2.ts";
import { adsSotw, RawXdsClient } from "../../kit/raw-xds-client.ts";
import { servedFolder } from "../../kit/served-folder.ts";
import { within } from "../../kit/within.ts";

const flags: Readonly<Record<string, Flag<unknown>>> = limitFlags;
const defaults = Object.fromEntries(Object.entries(limitFlags).map(([key, flag]) => [key, flag.default]));
const node = { id: "n1", cluster: "edge" };

function parse(key: string, text: string): unknown {
  const flag = flags[key]!;
  return flag.parse?.(text, flag.default);
}

function isComplete(value: unknown): value is Parameters<typeof limitsFromFlags>[0] {
  return typeof value === "object" && value !== null && Object.keys(limitFlags).every((key) => key in value);
}

describe("the limits of serve", () => {
  it("are those of the library unless flags say otherwise", () => {
    const values: unknown = defaults;
    assert.ok(isComplete(values));
    assert.deepEqual(limitsFromFlags(values), defaultAdsLimits);
  });

  it("stand in docs/operating.md with their defaults", () => {
    const page = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/operating.md")), "utf8");
    const rows = [...page.matchAll(/^\| ((?:`--[\w-]+`(?:, )?)+) \| ([^|]+) \|/gm)].flatMap(
      ([, names = "", texts = ""]) => {
        const values = texts.trim().split(", ");
        return [...names.matchAll(/--[\w-]+/g)].map(([name], index) => `${name} ${values[index]}`);
      },
    );
    const own = Object.entries(flags).map(([key, flag]) => `--${longName(key, flag)} ${flag.defaultText}`);
    assert.deepEqual(rows.toSorted(), own.toSorted());
  });

  it("are numbers, sizes and times in the forms that people write", () => {
    assert.equal(parse("maxRequestSize", "64KiB"), 65_536);
    assert.equal(parse("maxRequestSize", "100"), 100);
    assert.equal(parse("maxConnectionAge", "10h"), 36_000_000);
    for (const [key, text, error] of [
      ["maxRequestSize", "1MB", /expected bytes, or a number and KiB, MiB or GiB/],
      ["maxRequestSize", "0", /expected bytes/],
      ["maxRequestSize", "2GiB", /below 2GiB/],
      ["maxConnections", "0", /whole number from 1 to 2147483647/],
      ["maxConnections", "1e3", /whole number/],
      ["keepaliveTime", "0s", /expected 1ms to 596h/],
      ["maxConnectionAge", "1000h", /expected 1ms to 596h/],
      ["stallTimeout", "soon", /expected a number and a unit/],
    ] as const)
      assert.throws(() => parse(key, text), error, `${key} ${text}`);
  });

  it("hold clients of a server to them", async () => {
    using folder = servedFolder({ "a.yaml": "clusters:\n- {name: a, type: STATIC, connect_timeout: 1s}\n" });
    await using serve = new ServeProcess(folder.path, folder.state, [
      "--max-names-per-type",
      "2",
      "--max-connections-per-address",
      "2",
      "--max-connection-age",
      "300ms",
    ]);
    const port = await serve.xdsPort();
    using client = new RawXdsClient(port);
    const stream = client.open(adsSotw);
    stream.send({ node, type_url: CLUSTER, resource_names: ["a", "b", "c"] });
    const { code, details } = await stream.ended;
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    assert.equal(details, "resource_names has 3 names, limit is 2 a type");
    const { text: metrics } = await serve.get("/metrics");
    assert.match(metrics, /^chancery_xds_requests_total\{type="Cluster"\} 1$/m);
    assert.match(metrics, /^chancery_xds_push_seconds_count 1$/m);
    using aged = new RawHttp2(port);
    aged.begin();
    using refused = new RawHttp2(port);
    await within(10_000, "the third connection is refused", refused.closed);
    assert.match(refused.frames[1]?.payload.toString("utf8", 8) ?? "", /limit is 2$/);
    await within(10_000, "the aged connection is sent away", aged.closed);
    assert.ok(aged.frames.some(({ type }) => type === frameType.goAway));
  });
});

describe("every flag of serve", () => {
  it("has a twin in the environment, which its help names", () => {
    for (const [key, flag] of Object.entries(serveCommand.flags))
      assert.match(environmentName("serve", key, flag), /^CHANCERY_[A-Z]+(_[A-Z0-9]+)*$/);
  });
});
