import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../src/schema/load.ts";
import * as typeUrls from "../../src/schema/type-urls.ts";

describe("type URLs", () => {
  it("all name messages of the bundle", () => {
    const { messages } = loadDescriptors();
    const { typeNameOf, typeUrlOf, TYPE_URL_PREFIX, ...constants } = typeUrls;
    for (const url of Object.values(constants)) {
      assert.ok(messages.has(typeNameOf(url)), url);
      assert.equal(typeUrlOf(typeNameOf(url)), url);
      assert.ok(url.startsWith(TYPE_URL_PREFIX));
    }
  });

  it("are read up to the last slash, whatever the host", () => {
    assert.equal(typeUrls.typeNameOf("example.com/some/path/a.B"), "a.B");
    assert.equal(typeUrls.typeNameOf("a.B"), "a.B");
  });
});
