import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EnvoyFlags } from "../../../data-plane/bootstrap/envoy-flags.ts";
import { parseEnvoyFlags } from "../../../data-plane/bootstrap/envoy-flags.ts";

const defaults: EnvoyFlags = {
  mode: "serve",
  node: {},
  logLevel: "info",
  drainTimeMs: 600_000,
  drainStrategy: "gradual",
  allowsUnknownStaticFields: false,
  rejectsUnknownDynamicFields: false,
  extensions: [],
  descriptorSets: [],
  protoPaths: [],
  unused: [],
};

describe("parseEnvoyFlags()", () => {
  const taken: readonly (readonly [args: string, flags: Partial<EnvoyFlags>])[] = [
    ["", {}],
    ["-c boot.yaml", { configPath: "boot.yaml" }],
    ["-cboot.yaml", { configPath: "boot.yaml" }],
    ["--config-path=boot.yaml", { configPath: "boot.yaml" }],
    ["--mode validate -l trace", { mode: "validate", logLevel: "debug" }],
    ["--log-level critical", { logLevel: "error" }],
    ["-l warning --concurrency 4", { logLevel: "warn", concurrency: 4 }],
    ["--service-node n --service-cluster c --service-zone z", { node: { id: "n", cluster: "c", zone: "z" } }],
    ["--drain-time-s 5 --admin-address-path /tmp/a", { drainTimeMs: 5_000, adminAddressPath: "/tmp/a" }],
    ["--drain-strategy immediate", { drainStrategy: "immediate" }],
    ["--allow-unknown-static-fields", { allowsUnknownStaticFields: true }],
    ["--reject-unknown-dynamic-fields", { rejectsUnknownDynamicFields: true }],
    [
      "--extension a.js --proto-path p --extension=b.js --descriptors d.binpb --proto-path q",
      { extensions: ["a.js", "b.js"], descriptorSets: ["d.binpb"], protoPaths: ["p", "q"] },
    ],
    ["-c a -- --nonsense", { configPath: "a" }],
    [
      "-c /etc/envoy/envoy.yaml --base-id 3 --restart-epoch 0 --disable-hot-restart --cpuset-threads --component-log-level upstream:debug",
      {
        configPath: "/etc/envoy/envoy.yaml",
        unused: [
          "--base-id",
          "--restart-epoch",
          "--disable-hot-restart",
          "--cpuset-threads",
          "--component-log-level",
        ],
      },
    ],
    ["--stats-tag a:b --stats-tag c:d", { unused: ["--stats-tag"] }],
  ];
  for (const [args, flags] of taken) {
    it(`takes ${args === "" ? "an empty command line" : args}`, () => {
      const parsed = parseEnvoyFlags(args.split(" ").filter((arg) => arg !== ""));
      assert.deepEqual(parsed, { kind: "run", flags: { ...defaults, ...flags } });
    });
  }

  const refused = [
    ["--mode bogus", "unknown mode 'bogus': expected serve, validate or init_only"],
    ["--concurency 3", "unknown flag '--concurency'; did you mean --concurrency?"],
    ["--zzz", "unknown flag '--zzz'"],
    ["-x", "unknown flag '-x'"],
    ["extra", "unexpected argument 'extra': a proxy takes flags only, its file is given with -c"],
    ["-c", "--config-path needs a value"],
    ["-c a -c b", "--config-path is given twice"],
    ["--concurrency two", "--concurrency: expected a whole number, found 'two'"],
    ["--drain-time-s -1", "--drain-time-s: expected a whole number, found '-1'"],
    ["--drain-strategy slow", "unknown drain strategy 'slow': expected gradual or immediate"],
    ["--cpuset-threads=1", "--cpuset-threads takes no value"],
    ["-l loud", "unknown log level 'loud': expected trace, debug, info, warning, warn, error, critical, off"],
  ] as const;
  for (const [args, message] of refused) {
    it(`refuses ${args}`, () =>
      assert.deepEqual(parseEnvoyFlags(args.split(" ")), { kind: "wrong", message }));
  }

  it("asks for help and version before it looks at anything else", () => {
    assert.deepEqual(parseEnvoyFlags(["--help", "--mode", "bogus"]), { kind: "help" });
    assert.deepEqual(parseEnvoyFlags(["--version"]), { kind: "version" });
  });
});
