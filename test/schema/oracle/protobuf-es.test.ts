import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createFileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Registry,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { envoy, tree } from "../envoy-schema.ts";
import { toFileDescriptorSet } from "./file-descriptor-set.ts";
import { anyTypes, randomMessage } from "./random-message.ts";

const registry: Registry = createFileRegistry(toFileDescriptorSet(envoy.descriptors));
const runsPerType = 4;
/** It prints a float as the double that it is stored in, so only those that look the same either way. */
const floats = fc.oneof(
  fc.integer({ min: -30_000, max: 30_000 }).map((value) => value / 8),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

/** As it goes through a text. */
function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}

describe("The codec and the JSON mapping against @bufbuild/protobuf", () => {
  it("knows every message of the schema", () => {
    for (const name of envoy.descriptors.messages.keys()) assert.ok(registry.getMessage(name), name);
  });

  for (const [file, names] of byPackage()) {
    it(`agrees on ${file} (${names.length} messages)`, () => {
      for (const name of names) {
        const desc = registry.getMessage(name)!;
        fc.assert(
          fc.property(randomMessage(envoy, name, { anyTypes, floats }), (message) => {
            const bytes = envoy.encode(name, message);
            const ours = envoy.decode(name, bytes);
            assert.deepStrictEqual(envoy.encode(name, ours), bytes);

            const theirs = fromBinary(desc, bytes);
            assert.deepStrictEqual(envoy.decode(name, Buffer.from(toBinary(desc, theirs))), ours);

            const theirJson = toJson(desc, theirs, { registry, useProtoFieldName: true });
            const ourJson = envoy.toJson(name, ours);
            assert.deepStrictEqual(plain(ourJson), plain(theirJson));

            const read = envoy.fromSource(name, tree(JSON.stringify(theirJson)), { rules: false });
            assert.deepStrictEqual(read.problems, []);
            assert.deepStrictEqual(envoy.encode(name, read.message ?? {}), bytes);

            const back = fromJson(desc, plain(ourJson), { registry });
            assert.deepStrictEqual(envoy.decode(name, Buffer.from(toBinary(desc, back))), ours);
          }),
          { numRuns: runsPerType, seed: 1 },
        );
      }
    });
  }
});

function byPackage(): Map<string, string[]> {
  const packages = new Map<string, string[]>();
  for (const name of envoy.descriptors.messages.keys()) {
    const folder = name.split(".").slice(0, 3).join(".");
    packages.set(folder, [...(packages.get(folder) ?? []), name]);
  }
  return packages;
}
