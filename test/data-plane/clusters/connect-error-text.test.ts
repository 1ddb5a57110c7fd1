import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectErrorText } from "../../../data-plane/clusters/connect-error-text.ts";

const error = (code: string) => Object.assign(new Error("it failed"), { code });

describe("connectErrorText()", () => {
  it("says in Envoy's words what the network answered", () => {
    assert.equal(connectErrorText(error("ECONNREFUSED")), "delayed connect error: Connection refused");
  });

  it("tells what the system knew without asking", () => {
    assert.equal(connectErrorText(error("ENETUNREACH")), "immediate connect error: Network is unreachable");
  });

  it("says nothing of what it has no words for", () => {
    assert.equal(connectErrorText(error("EWHATEVER")), undefined);
    assert.equal(connectErrorText(new Error("no code")), undefined);
  });
});
