import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isRecord } from "../../../src/schema/record.ts";
import { envoy, tree } from "../envoy-schema.ts";
import { dialect, dialectFields } from "./dialect.ts";

const cluster = "envoy.config.cluster.v3.Cluster";

describe("Schema.fromSource(), the dialect of Envoy's loader", () => {
  for (const { kind, text, value } of dialect) {
    const outcome = value === undefined ? "refuses" : value === null ? "leaves unset" : "reads";
    it(`${outcome} ${kind}: ${text}`, () => {
      const { yaml, path } = dialectFields[kind];
      const { message, problems } = envoy.fromSource(cluster, tree(`name: c\n${yaml(text)}\n`), {
        rules: false,
      });
      if (value === undefined) {
        assert.equal(message, undefined);
        assert.ok(problems.some(({ severity, place }) => severity === "error" && place !== undefined));
        return;
      }
      assert.deepStrictEqual(
        problems.filter(({ severity }) => severity === "error"),
        [],
      );
      let found: unknown = envoy.toJson(cluster, message ?? {});
      for (const name of path) found = isRecord(found) ? found[name] : undefined;
      assert.deepStrictEqual(found ?? null, value);
    });
  }
});
