import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import type { Compiled } from "../../../src/config/compiled.ts";
import { Compiler } from "../../../src/config/compiler.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { typeNameOf } from "../../../src/schema/type-urls.ts";

const schema = new Schema(loadDescriptors());

const settings = `values: {region: eu, wait: 1s, service: {host: a.example, port: 1}, count: 7, "on": yes}
groups:
- name: edge
- name: canary
  values: {service: {port: 2}, wait: 2s}
`;

function compile(
  text: string,
  chancery: string | null = settings,
  compiler = new Compiler(schema),
): Compiled {
  return compiler.compile([
    ...(chancery === null ? [] : [{ path: "chancery.yaml", text: chancery }]),
    { path: "a.yaml", text },
  ]);
}

function jsonOf({ groups }: Compiled, group: string): string {
  const resource = groups.get(group)!.resources[0]!;
  const typeName = typeNameOf(resource.typeUrl);
  return JSON.stringify(schema.toJson(typeName, schema.decode(typeName, resource.bytes)));
}

/** Block style: in flow style `{` ends a plain text. */
const cluster = (field: string) => `clusters:\n- name: a\n  ${field}\n`;

describe("A value", () => {
  it("is the value itself where nothing else is written, and that of the group where it has one", () => {
    const compiled = compile(cluster("connect_timeout: ${wait}"));
    assert.deepEqual(compiled.problems, []);
    assert.match(jsonOf(compiled, "edge"), /"connect_timeout":"1s"/);
    assert.match(jsonOf(compiled, "canary"), /"connect_timeout":"2s"/);
  });

  const forms: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a number": ["per_connection_buffer_limit_bytes: ${count}", /"per_connection_buffer_limit_bytes":7/],
    "text within text": ["alt_stat_name: x-${service.host}.${region}", /"alt_stat_name":"x-a\.example\.eu"/],
    "text where it is quoted": ['alt_stat_name: "${count}"', /"alt_stat_name":"7"/],
    "its fallback": ["alt_stat_name: ${zone:=b}", /"alt_stat_name":"b"/],
    "plain text behind two dollars": ["alt_stat_name: $${zone}", /"alt_stat_name":"\$\{zone\}"/],
  };
  for (const [name, [fields, expected]] of Object.entries(forms)) {
    it(`may be ${name}`, () => {
      const compiled = compile(cluster(fields));
      assert.deepEqual(compiled.problems.map(formatProblem), []);
      assert.match(jsonOf(compiled, "edge"), expected);
    });
  }

  it("may be a mapping, merged key by key over the groups", () => {
    const compiled = compile(cluster("metadata:\n    filter_metadata:\n      m: ${service}"));
    assert.deepEqual(compiled.problems.map(formatProblem), []);
    assert.match(jsonOf(compiled, "edge"), /"host":"a\.example","port":1/);
    assert.match(jsonOf(compiled, "canary"), /"host":"a\.example","port":2/);
  });

  it("is no part of texts when chancery.yaml has no values", () => {
    for (const chancery of ["groups: [{name: edge}]", null]) {
      const compiled = compile(cluster("alt_stat_name: ${wait}"), chancery);
      assert.deepEqual(compiled.problems, []);
      assert.match(jsonOf(compiled, chancery ? "edge" : "default"), /"alt_stat_name":"\$\{wait\}"/);
    }
  });

  const mistakes: Readonly<Record<string, readonly [string, RegExp]>> = {
    "is not there, with the name that was meant": [
      "alt_stat_name: ${regoin}",
      /^a\.yaml:3:18: there is no value "regoin" in chancery\.yaml; .*; did you mean region\?$/,
    ],
    "is a mapping inside a text": [
      "alt_stat_name: x${service}",
      /^a\.yaml:3:18: value "service" is a mapping/,
    ],
    "is of the wrong kind": [
      "connect_timeout: ${region}",
      /^a\.yaml:3:20 clusters\[0\]\.connect_timeout: .*"eu"/,
    ],
  };
  for (const [name, [fields, expected]] of Object.entries(mistakes)) {
    it(`is an error where it ${name}`, () => {
      const { problems } = compile(cluster(fields));
      assert.equal(problems[0]?.severity, "error");
      assert.match(formatProblem(problems[0]), expected);
    });
  }

  it("that a value refers to is not looked up again", () => {
    const compiled = compile(
      cluster("alt_stat_name: ${a}"),
      'values: {a: "${b}", b: c}\ngroups: [{name: edge}]',
    );
    assert.match(jsonOf(compiled, "edge"), /"alt_stat_name":"\$\{b\}"/);
  });

  it("cannot make a file grow without bounds", () => {
    const long = "x".repeat(100_000);
    const text = `clusters:\n${Array.from({ length: 200 }, (_, index) => `- {name: c${index}, alt_stat_name: "\${long}"}`).join("\n")}`;
    const { problems } = compile(text, `values: {long: ${long}}\ngroups: [{name: edge}]`);
    assert.ok(problems.some(({ code, message }) => code === "bad-value" && message.includes("more than")));
  });

  it("of one group alone costs that group: what the other has is the same object", () => {
    const compiler = new Compiler(schema);
    const text = cluster("connect_timeout: ${wait}");
    const before = compile(text, settings, compiler);
    const after = compile(text, settings.replace("wait: 2s", "wait: 3s"), compiler);
    assert.equal(after.groups.get("edge")!.resources[0], before.groups.get("edge")!.resources[0]);
    assert.match(jsonOf(after, "canary"), /"connect_timeout":"3s"/);
  });
});
