import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import { readBootstrap } from "../../../data-plane/bootstrap/read-bootstrap.ts";
import { schema } from "./bootstrap-kit.ts";

function read(texts: Readonly<Record<string, string>>, allowsUnknownFields = false) {
  const files = Object.entries(texts).map(([name, text]) => ({ name, text }));
  const result = readBootstrap(schema, files, { allowsUnknownFields });
  return { ...result, lines: result.problems.map(formatProblem) };
}

describe("readBootstrap()", () => {
  it("reads YAML and JSON", () => {
    assert.deepEqual(read({ "a.yaml": "node: {id: n1}" }).bootstrap?.node, { id: "n1" });
    assert.deepEqual(read({ "a.json": '{"node": {"id": "n1"}}' }).bootstrap?.node, { id: "n1" });
  });

  it("merges a later text over an earlier one, messages by field and lists by appending", () => {
    const { bootstrap } = read({
      "a.yaml": "node: {id: n1, cluster: c}\nstatic_resources: {clusters: [{name: a}]}",
      "--config-yaml": "node: {id: n2}\nstatic_resources: {clusters: [{name: b}]}",
    });
    assert.deepEqual(bootstrap?.node, { id: "n2", cluster: "c" });
    assert.deepEqual(
      bootstrap?.static_resources?.clusters?.map(({ name }) => name),
      ["a", "b"],
    );
  });

  it("XC-10 names an unknown field at its place", () => {
    const { bootstrap, lines } = read({ "a.yaml": "node: {id: n1}\nstatic_resource: {}" });
    assert.equal(bootstrap, undefined);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^a\.yaml:2:1 .*static_resource.*did you mean static_resources\?$/);
  });

  it("leaves unknown fields out when that is allowed, and says so", () => {
    const text = "node: {id: n1, colour: red}\nfoo: 1";
    const { bootstrap, problems } = read({ "a.yaml": text }, true);
    assert.deepEqual(bootstrap?.node, { id: "n1" });
    assert.deepEqual(
      problems.map(({ severity, place }) => [severity, place?.line, place?.column]),
      [
        ["warning", 1, 16],
        ["warning", 2, 1],
      ],
    );
  });

  it("checks field rules on the result, and places what breaks one", () => {
    const { bootstrap, lines } = read({
      "a.yaml": "node: {id: n1}",
      "b.yaml": "static_resources:\n  clusters:\n  - connect_timeout: 1s",
    });
    assert.equal(bootstrap, undefined);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^b\.yaml:3:5 static_resources\.clusters\[0\]\.name: /);
  });

  it("takes a rule for kept when a later text keeps it", () => {
    const text = "admin: {address: {socket_address: {address: 127.0.0.1}}}";
    const more = "admin: {address: {socket_address: {port_value: 0}}}";
    assert.match(read({ "a.yaml": text }).lines.join(), /port_specifier/);
    assert.deepEqual(read({ "a.yaml": text, "b.yaml": more }).lines, []);
  });

  it("refuses a second document, which would be ignored", () => {
    assert.deepEqual(read({ "a.yaml": "node: {id: a}\n---\nnode: {id: b}\n" }).lines, [
      "a.yaml:3:1: expected one document, found 2",
    ]);
  });

  it("shows a YAML error at its place", () => {
    const { bootstrap, lines } = read({ "a.yaml": "node: {id: n1\nfoo: [" });
    assert.equal(bootstrap, undefined);
    assert.match(lines[0]!, /^a\.yaml:\d+:\d+/);
  });

  it("takes an empty text for an empty bootstrap", () => {
    assert.deepEqual(read({ "a.yaml": "" }).bootstrap, {});
  });

  it("places a problem that has a path alone", () => {
    const { place } = read({ "a.yaml": "node:\n  id: n1" });
    const problem = place({ code: "x", severity: "error", message: "m", path: "node.id" });
    assert.equal(formatProblem(problem), "a.yaml:2:7 node.id: m");
  });
});
