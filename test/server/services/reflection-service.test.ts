import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Message } from "../../../src/schema/message.ts";
import { type Conversation, schema, startOperatorServer } from "./operator-server.ts";

interface Answer {
  readonly list_services_response?: { readonly service?: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly error_response?: { readonly error_code: number; readonly error_message: string };
}

async function ask(stream: Conversation, request: Message): Promise<Answer> {
  stream.send(request);
  return stream.next();
}

function parse(bytes: Buffer) {
  return fromBinary(FileDescriptorProtoSchema, bytes);
}

/** All files that a symbol needs, asked for one by one as grpcurl does. */
async function filesOf(stream: Conversation, symbol: string) {
  // Dependencies first.
  const files: ReturnType<typeof parse>[] = [];
  const asked = new Set<string>();
  const fetchFile = async (request: Message): Promise<void> => {
    const answer = await ask(stream, request);
    const [bytes] = answer.file_descriptor_response?.file_descriptor_proto ?? [];
    assert.ok(bytes, JSON.stringify([request, answer.error_response]));
    const file = parse(bytes);
    for (const name of file.dependency) {
      if (asked.has(name)) continue;
      asked.add(name);
      await fetchFile({ file_by_filename: name });
    }
    files.push(file);
  };
  await fetchFile({ file_containing_symbol: symbol });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: files }));
}

for (const version of ["grpc.reflection.v1", "grpc.reflection.v1alpha"]) {
  const types = {
    input: `${version}.ServerReflectionRequest`,
    output: `${version}.ServerReflectionResponse`,
  };
  const path = `/${version}.ServerReflection/ServerReflectionInfo`;

  describe(`${version} (XDS-140)`, () => {
    it("lists the services, its own among them", async () => {
      await using up = await startOperatorServer({});
      const { list_services_response } = await ask(up.open(path, types), { list_services: "*" });
      const names = (list_services_response?.service ?? []).map(({ name }) => name);
      for (const name of [
        "envoy.service.discovery.v3.AggregatedDiscoveryService",
        "envoy.service.secret.v3.SecretDiscoveryService",
        "envoy.service.status.v3.ClientStatusDiscoveryService",
        "envoy.service.load_stats.v3.LoadReportingService",
        "grpc.health.v1.Health",
        `${version}.ServerReflection`,
      ]) {
        assert.ok(names.includes(name), name);
      }
      assert.equal(new Set(names).size, names.length);
    });

    it("gives every service and its messages in files that a client can put together", async () => {
      await using up = await startOperatorServer({});
      const stream = up.open(path, types);
      const { list_services_response } = await ask(stream, { list_services: "" });
      for (const { name } of list_services_response?.service ?? []) {
        const registry = await filesOf(stream, name);
        const service = registry.getService(name);
        assert.ok(service, name);
        for (const method of service.methods) {
          assert.ok(schema.descriptors.messages.has(method.input.typeName));
          assert.ok(schema.descriptors.messages.has(method.output.typeName));
        }
      }
    });

    it("gives the resource types too, as the schema has them", async () => {
      await using up = await startOperatorServer({});
      const stream = up.open(path, types);
      for (const name of [
        "envoy.config.cluster.v3.Cluster",
        "envoy.config.listener.v3.Listener",
        "envoy.config.route.v3.RouteConfiguration",
      ]) {
        const message = (await filesOf(stream, name)).getMessage(name);
        const fields = (message?.fields ?? [])
          .toSorted((one, other) => one.number - other.number)
          .map((field) => [field.number, field.name, field.fieldKind]);
        const all = schema.descriptors.messages.get(name)!.fields;
        const expected = all
          .toSorted((one, other) => one.number - other.number)
          .map((field) => {
            const kind = field.type.kind === "map" ? "map" : field.isRepeated ? "list" : field.type.kind;
            return [field.number, field.name, kind];
          });
        assert.deepEqual(fields, expected);
      }
    });

    it("has the members of a oneof one behind the other, which Go's library asks for", async () => {
      await using up = await startOperatorServer({});
      const name = "envoy.type.matcher.v3.StringMatcher";
      const message = (await filesOf(up.open(path, types), name)).getMessage(name);
      assert.deepEqual(
        message?.fields.map((field) => field.name),
        ["exact", "prefix", "suffix", "safe_regex", "contains", "custom", "ignore_case"],
      );
    });

    it("says NOT_FOUND for what is not there, and goes on", async () => {
      await using up = await startOperatorServer({});
      const stream = up.open(path, types);
      const wrong = await ask(stream, { file_containing_symbol: "x.Y" });
      assert.deepEqual(wrong.error_response, { error_code: 5, error_message: 'there is no symbol "x.Y"' });
      const file = await ask(stream, { file_by_filename: "x.proto" });
      assert.equal(file.error_response?.error_code, 5);
      const extensions = await ask(stream, { all_extension_numbers_of_type: "x.Y" });
      assert.equal(extensions.error_response?.error_code, 12);
    });
  });
}
