import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const node = { id: "node-1" };
const greeter = "type.googleapis.com/acme.v1.Greeter";
const nameless = "type.googleapis.com/acme.v1.Quota";

const resources = (text: string) => `resources:
- "@type": ${greeter}
  name: front
  text: ${text}
- name: per-user
  resource: {"@type": ${nameless}, limit: 7}
`;

const proto = `syntax = "proto3";
package acme.v1;
message Greeter { string name = 1; string text = 2; }
message Quota { uint32 limit = 1; }
`;

/** A FileDescriptorSet with the same two messages, as \`buf build\` makes it. */
function descriptorSet(): Buffer {
  const label = "LABEL_OPTIONAL";
  const field = (name: string, number: number, type: string) => ({ name, number, type, label });
  return new Schema(loadDescriptors()).encode("google.protobuf.FileDescriptorSet", {
    file: [
      {
        name: "acme/v1/acme.proto",
        package: "acme.v1",
        syntax: "proto3",
        message_type: [
          { name: "Greeter", field: [field("name", 1, "TYPE_STRING"), field("text", 2, "TYPE_STRING")] },
          { name: "Quota", field: [field("limit", 1, "TYPE_UINT32")] },
        ],
      },
    ],
  });
}

describe("a user's own types over ADS", () => {
  for (const flag of ["--descriptors", "--proto-path"]) {
    it(`XDS-6 are served by name to clients that ask for their type URLs, with ${flag}`, async () => {
      using types = temporaryFolder();
      mkdirSync(types.file("protos"));
      writeFileSync(types.file("protos/acme.proto"), proto);
      writeFileSync(types.file("types.binpb"), descriptorSet());
      const path = flag === "--descriptors" ? types.file("types.binpb") : types.file("protos");
      using folder = servedFolder({ "acme.yaml": resources("hello") });
      await using server = new ServeProcess(folder.path, folder.state, [flag, path]);
      using client = new RawXdsClient(await server.xdsPort());

      const delta = client.open(adsDelta);
      delta.send({ node, type_url: greeter, resource_names_subscribe: ["front", "gone"] });
      const first = await delta.next();
      assert.equal(first.typeUrl, greeter);
      assert.deepEqual(
        first.resources.map(({ name, typeUrl, value }) => [name, typeUrl, value.toString()]),
        [["front", greeter, "\n\x05front\x12\x05hello"]],
      );
      assert.deepEqual(first.removed, ["gone"]);
      delta.send({ type_url: greeter, response_nonce: first.nonce });

      // A type without a name of its own goes by that of its wrapper.
      const sotw = client.open(adsSotw);
      sotw.send({ node, type_url: nameless, resource_names: ["per-user"] });
      const quota = await sotw.next();
      assert.deepEqual(
        quota.resources.map(({ typeUrl, value }) => [typeUrl, [...value]]),
        [[nameless, [8, 7]]],
      );

      folder.write("acme.yaml", resources("good day"));
      const next = await delta.next();
      assert.deepEqual(
        next.resources.map(({ value }) => value.toString()),
        ["\n\x05front\x12\x08good day"],
      );
    });
  }

  it("XDS-6 without their descriptors leave the stream and its other types alive", async () => {
    using folder = servedFolder({ "clusters.yaml": "clusters: [{name: a}]" });
    await using server = new ServeProcess(folder.path, folder.state);
    using client = new RawXdsClient(await server.xdsPort());
    const stream = client.open(adsDelta);
    stream.send({ node, type_url: greeter, resource_names_subscribe: ["front"] });
    stream.send({ type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster" });
    assert.deepEqual(
      (await stream.next()).resources.map(({ name }) => name),
      ["a"],
    );
    const line = await server.said("node asks for a type that is not served");
    assert.equal(line["type_url"], greeter);
  });
});
