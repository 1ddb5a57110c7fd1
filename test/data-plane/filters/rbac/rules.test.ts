import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../../../src/base/problem.ts";
import { parseEngine } from "../../../../data-plane/filters/rbac/engine.ts";
import type { Subject } from "../../../../data-plane/filters/rbac/subject.ts";
import { ConnectionInfo } from "../../../../data-plane/network/connection-info.ts";
import { asType } from "../../../../data-plane/resources/message-type.ts";
import { message } from "../../parse-kit.ts";

const RBAC = "envoy.config.rbac.v3.RBAC";
const peer = { family: "IPv4", address: "127.0.0.1", port: 1 } as const;

function engineOf(yaml: string, kind: "http" | "network" = "http") {
  const problems: Problem[] = [];
  const engine = parseEngine(asType(RBAC, message(RBAC, yaml)), "rules", { problems, kind });
  return { engine, refused: problems.map(({ path }) => path) };
}

/** One policy whose permission or principal is this. */
const permission = (yaml: string) => `{policies: {p: {permissions: [${yaml}], principals: [{any: true}]}}}`;
const principal = (yaml: string) => `{policies: {p: {permissions: [{any: true}], principals: [${yaml}]}}}`;

function subject(more: Partial<Subject> = {}): Subject {
  const connection = new ConnectionInfo(1, peer, peer);
  return { connection, remote: peer, metadata: () => undefined, header: () => undefined, ...more };
}

const metadata = (namespace: string) =>
  namespace === "f" ? { a: { b: "value" }, list: ["one", "two"], number: 2, nothing: null } : undefined;

describe("the rules of RBAC", () => {
  it("are refused by name where they are not supported", () => {
    const rows = [
      [permission("{matcher: {name: m}}"), 'rules.policies["p"].permissions[0].matcher'],
      [permission("{uri_template: {name: m}}"), 'rules.policies["p"].permissions[0].uri_template'],
      [
        permission("{not_rule: {and_rules: {rules: [{matcher: {name: m}}]}}}"),
        'rules.policies["p"].permissions[0].not_rule.and_rules.rules[0].matcher',
      ],
      [
        permission("{sourced_metadata: {metadata_source: ROUTE, metadata_matcher: {filter: f}}}"),
        'rules.policies["p"].permissions[0].sourced_metadata.metadata_source',
      ],
      [principal("{filter_state: {key: k}}"), 'rules.policies["p"].principals[0].filter_state'],
      [principal("{custom: {name: c}}"), 'rules.policies["p"].principals[0].custom'],
      [
        "{policies: {p: {permissions: [{any: true}], principals: [{any: true}], condition: {id: 1}}}}",
        'rules.policies["p"].condition',
      ],
      ["{audit_logging_options: {audit_condition: ON_DENY}}", "rules.audit_logging_options"],
    ] as const;
    for (const [yaml, path] of rows) assert.deepEqual(engineOf(yaml).refused, [path]);
  });

  it("know no headers on a bare connection", () => {
    const { refused } = engineOf(principal("{header: {name: a, present_match: true}}"), "network");
    assert.deepEqual(refused, ['rules.policies["p"].principals[0].header']);
  });

  it("ask metadata", () => {
    const rows = [
      ["path: [{key: a}, {key: b}], value: {string_match: {exact: value}}", true],
      ["path: [{key: a}, {key: c}], value: {present_match: true}", false],
      ["path: [{key: a}, {key: c}], value: {present_match: true}, invert: true", true],
      ["path: [{key: list}], value: {list_match: {one_of: {string_match: {exact: two}}}}", true],
      ["path: [{key: number}], value: {double_match: {range: {start: 1, end: 2}}}", false],
      [
        "path: [{key: number}], value: {or_match: {value_matchers: [{bool_match: true}, {double_match: {exact: 2}}]}}",
        true,
      ],
      ["path: [{key: nothing}], value: {null_match: {}}", true],
    ] as const;
    for (const [matcher, isAllowed] of rows) {
      const { engine, refused } = engineOf(permission(`{metadata: {filter: f, ${matcher}}}`));
      assert.deepEqual(refused, []);
      assert.equal(engine?.decide(subject({ metadata })).isAllowed, isAllowed, matcher);
    }
  });

  it("ask the server name and whether there is TLS", () => {
    const connection = new ConnectionInfo(1, peer, peer);
    connection.serverName = "a.example";
    const byName = engineOf(permission("{requested_server_name: {exact: a.example}}")).engine;
    assert.equal(byName?.decide(subject({ connection })).isAllowed, true);
    assert.equal(byName?.decide(subject()).isAllowed, false);
    const byTls = engineOf(principal("{authenticated: {}}")).engine;
    assert.equal(byTls?.decide(subject()).isAllowed, false);
  });
});
