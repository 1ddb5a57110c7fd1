import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSchema } from "../../../src/schema/load.ts";

const schema = loadSchema();
const perHost = "envoy.config.core.v3.PerHostConfig";
const any = {
  type_url: `type.googleapis.com/${perHost}`,
  value: schema.encode(perHost, { added_tlvs: [{ type: 256, value: Buffer.from("h") }] }),
};

describe("field rules in the content of an Any", () => {
  it("hold where an extension reads it", () => {
    const [violation] = schema.checkRules("envoy.config.core.v3.TypedExtensionConfig", {
      name: "x",
      typed_config: any,
    });
    assert.equal(violation?.path, "typed_config.added_tlvs[0].type");
  });

  it("do not hold in metadata, which Envoy never checks (PP-135)", () => {
    const metadata = { typed_filter_metadata: { "envoy.transport_sockets.proxy_protocol": any } };
    assert.deepEqual(schema.checkRules("envoy.config.core.v3.Metadata", metadata), []);
    assert.deepEqual(schema.checkRules("envoy.config.endpoint.v3.LbEndpoint", { metadata }), []);
  });
});
