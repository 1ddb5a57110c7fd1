import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { descriptorsFromProtoFiles } from "../../../src/schema/user-types/from-proto-files.ts";
import { mergeDescriptors } from "../../../src/schema/user-types/merge.ts";
import { parseYaml } from "../../../src/schema/yaml/parse-yaml.ts";

const base = loadDescriptors();
const { descriptors, problems } = descriptorsFromProtoFiles(
  [
    {
      name: "acme/greeter.proto",
      path: "protos/acme/greeter.proto",
      text: `syntax = "proto3"; package acme.v1; import "validate/validate.proto";
        message Greeter { string greeting = 1 [(validate.rules).string.min_len = 3]; Mood mood = 2; }
        enum Mood { CALM = 0; LOUD = 1; }`,
    },
  ],
  base,
);
const extended = new Schema(mergeDescriptors(base, descriptors).descriptors);

function read(schema: Schema, greeter: string) {
  const text = `name: envoy.filters.network.greeter
typed_config:
  "@type": type.googleapis.com/acme.v1.Greeter
  ${greeter}
`;
  const { documents } = parseYaml({ name: "filter.yaml", text });
  return schema.fromSource("envoy.config.listener.v3.Filter", documents[0]!);
}

describe("a typed_config of a user's own type", () => {
  it("becomes its bytes", () => {
    assert.deepEqual(problems, []);
    const { message, problems: found } = read(extended, "greeting: hello\n  mood: loud");
    assert.deepEqual(found, []);
    assert.deepEqual(message, {
      name: "envoy.filters.network.greeter",
      typed_config: {
        type_url: "type.googleapis.com/acme.v1.Greeter",
        value: Buffer.from("\x0a\x05hello\x10\x01", "latin1"),
      },
    });
  });

  it("is checked at its line: names, values and rules", () => {
    assert.deepEqual(read(extended, "greetings: hello").problems.map(formatProblem), [
      'filter.yaml:4:3 typed_config.greetings: acme.v1.Greeter has no field "greetings"; did you mean greeting?',
    ]);
    assert.deepEqual(read(extended, "greeting: hi").problems.map(formatProblem), [
      "filter.yaml:4:13 typed_config.greeting: value length must be at least 3 characters",
    ]);
  });

  it("is unknown to a schema without it", () => {
    assert.deepEqual(read(new Schema(base), "greeting: hello").problems.map(formatProblem), [
      "filter.yaml:3:12 typed_config: there is no type acme.v1.Greeter",
    ]);
  });
});
