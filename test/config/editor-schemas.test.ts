import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";
import { load, loadAll } from "js-yaml";
import { editorSchema, editorSchemaOf } from "../../src/config/editor-schemas.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());
const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

function validator(word: string): ValidateFunction {
  // Inlining and optimizing a thousand definitions takes a minute and saves milliseconds.
  const ajv = new Ajv({ strict: false, inlineRefs: false, validateSchema: false, code: { optimize: false } });
  return ajv.compile(editorSchema(schema, editorSchemaOf(word, schema)!));
}

function yamlFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

const ofFile = validator("file");
const ofSettings = validator("chancery.yaml");
const ofBootstrap = validator("bootstrap");

interface SettingsSchema {
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly anyOf?: readonly {
          readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
        }[];
      }
    >
  >;
}

describe("The JSON Schema of chancery.yaml", () => {
  it("says of every key what it is for", () => {
    const { definitions }: SettingsSchema = JSON.parse(
      JSON.stringify(editorSchema(schema, { kind: "settings" })),
    );
    const keys = Object.entries(definitions).flatMap(([name, { anyOf = [] }]) =>
      Object.entries(anyOf[0]?.properties ?? {}).map(([key, { description }]) => ({
        key: `${name}.${key}`,
        description,
      })),
    );
    assert.ok(keys.length > 50, `${keys.length} keys`);
    assert.deepEqual(
      keys.filter(({ description = "" }) => !/^[A-Z`].*[.:]$/.test(description)),
      [],
    );
  });
});

describe("The JSON Schemas for editors take", () => {
  for (const file of yamlFiles("examples")) {
    it(file, () => {
      const validate = file.endsWith("chancery.yaml") ? ofSettings : ofFile;
      for (const document of loadAll(readFileSync(join(root, file), "utf8"))) {
        assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 5)));
      }
    });
  }

  const good: Readonly<Record<string, string>> = {
    "lower-case enum values and other spellings of fields":
      "clusters: [{name: a, type: strict_dns, connectTimeout: 0.25s, lb_policy: 1}]",
    "a key without a list": "clusters:",
    "integers as text": 'clusters: [{name: a, per_connection_buffer_limit_bytes: "5"}]',
    "references to values":
      'clusters: [{name: "${a}", connect_timeout: "${b}", load_assignment: "${c}", type: "${d}"}]',
    "a resource with its type": '{"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}',
    "types of others": 'resources: [{"@type": type.googleapis.com/acme.Thing, anything: 1}]',
    "a member of a oneof without the others":
      "listeners: [{name: l, filter_chains: [{filters: [{name: d, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config, response: {inline_string: x}}}]}]}]",
    "a bootstrap": "{node: {id: a, cluster: b}, static_resources: {clusters: [{name: a}]}}",
  };
  for (const [name, text] of Object.entries(good)) {
    it(name, () => {
      assert.ok(ofFile(load(text)), JSON.stringify(ofFile.errors?.slice(0, 5)));
    });
  }
});

/** A cluster whose transport socket has these fields. */
const typed = (fields: string) =>
  `clusters: [{name: a, transport_socket: {name: p, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, transport_socket: {name: raw}, ${fields}}}}]`;

describe("The JSON Schemas for editors mark", () => {
  const bad: Readonly<Record<string, string>> = {
    "an unknown key": "clustres: []",
    "an unknown field": "clusters: [{name: a, connect_timeouts: 1s}]",
    "an unknown field inside a typed_config": typed("confg: {}"),
    "an unknown enum value inside a typed_config": typed("config: {version: V3}"),
    "a duration in another unit": "clusters: [{name: a, connect_timeout: 250ms}]",
    "a name that is not there": "clusters: [{type: STATIC}]",
    "text for a number": "clusters: [{name: a, per_connection_buffer_limit_bytes: five}]",
    "a number out of range": "clusters: [{name: a, per_connection_buffer_limit_bytes: 4294967296}]",
    "a list for a message": "clusters: [{name: a, load_assignment: []}]",
  };
  for (const [name, text] of Object.entries(bad)) {
    it(name, () => assert.equal(ofFile(load(text)), false));
  }

  it("mistakes in chancery.yaml and in bootstraps", () => {
    assert.ok(ofSettings(load("groups: [{name: a, match: {id: x}}]")));
    assert.equal(ofSettings(load("groups: [{match: {id: x}}]")), false);
    assert.equal(ofSettings(load("overlays: [{type: Cluster, patch: [{op: put, path: /a}]}]")), false);
    assert.ok(ofBootstrap(load("admin: {address: {socket_address: {address: a, port_value: 1}}}")));
    assert.equal(ofBootstrap(load("admn: {}")), false);
  });
});

describe("editorSchemaOf()", () => {
  it("knows types by short name, full name and type URL", () => {
    const expected = { kind: "type", typeName: "envoy.config.cluster.v3.Cluster" };
    for (const word of ["Cluster", expected.typeName, `type.googleapis.com/${expected.typeName}`]) {
      assert.deepEqual(editorSchemaOf(word, schema), expected);
    }
    assert.equal(editorSchemaOf("Clutser", schema), undefined);
  });
});
