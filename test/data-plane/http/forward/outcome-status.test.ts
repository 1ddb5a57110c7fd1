import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outcomeStatus } from "../../../../data-plane/http/forward/outcome-status.ts";
import { HeaderList } from "../../../../data-plane/network/header-list.ts";

const grpc = new HeaderList(["content-type", "application/grpc+proto"]);
const web = new HeaderList(["content-type", "application/json"]);
const ended = (code: string) => new HeaderList(["grpc-status", code]);

describe("outcomeStatus()", () => {
  it("is the status of the response", () => {
    assert.equal(outcomeStatus(404, new HeaderList(), web), 404);
    assert.equal(outcomeStatus(200, new HeaderList(), grpc), 200);
  });

  it("is what the status of a gRPC call stands for", () => {
    assert.equal(outcomeStatus(200, ended("0"), grpc), 200);
    assert.equal(outcomeStatus(200, ended("14"), grpc), 503);
    assert.equal(outcomeStatus(200, ended("4"), grpc), 504);
    assert.equal(outcomeStatus(200, ended("99"), grpc), 500);
  });

  it("does not look at it where no gRPC was asked for, or it is no number", () => {
    assert.equal(outcomeStatus(200, ended("14"), web), 200);
    assert.equal(outcomeStatus(200, ended("x"), grpc), 200);
  });
});
