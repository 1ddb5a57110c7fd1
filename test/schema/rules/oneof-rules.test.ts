import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

describe("field rules as Envoy 1.40 applies them", () => {
  it("leave out the members of a oneof that are not set, required or not", () => {
    assert.deepEqual(schema.checkRules("envoy.config.route.v3.RouteMatch", { prefix: "/" }), []);
    assert.equal(schema.checkRules("envoy.config.route.v3.RouteMatch", {}).length, 1);
  });

  it("take an empty header name where the rule is not strict, and refuse a line break in it", () => {
    const type = "envoy.config.route.v3.RouteConfiguration";
    assert.deepEqual(schema.checkRules(type, { name: "a" }), []);
    const [violation] = schema.checkRules(type, { vhost_header: "a\nb" });
    assert.equal(violation?.message, 'value does not match regex pattern "^[^\\x00\\n\\r]*$"');
  });
});
