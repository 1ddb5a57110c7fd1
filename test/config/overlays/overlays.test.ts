import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPlace, formatProblem } from "../../../src/base/problem.ts";
import type { Compiled } from "../../../src/config/compiled.ts";
import { Compiler } from "../../../src/config/compiler.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { typeNameOf } from "../../../src/schema/type-urls.ts";

const schema = new Schema(loadDescriptors());

const service = `clusters:
- name: service1
  connectTimeout: 0.25s
  type: STATIC
  transport_socket:
    name: pp
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      config: {version: V1}
      transport_socket: {name: raw}
  load_assignment:
    cluster_name: service1
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 2}}}
`;

function compile(settings: string, text = service, compiler = new Compiler(schema)): Compiled {
  return compiler.compile([
    { path: "chancery.yaml", text: settings },
    { path: "groups/edge/a.yaml", text },
    { path: "groups/inner/a.yaml", text },
  ]);
}

/** `service1` of a group as JSON. */
function jsonOf({ groups }: Compiled, group = "edge"): string {
  const resource = groups.get(group)!.resources[0]!;
  const typeName = typeNameOf(resource.typeUrl);
  return JSON.stringify(schema.toJson(typeName, schema.decode(typeName, resource.bytes)));
}

const overlay = (patch: string, more = "type: Cluster") => `overlays:\n- ${more}\n  patch:\n${patch}`;

describe("An overlay", () => {
  const changes: Readonly<Record<string, readonly [string, RegExp]>> = {
    "replaces a field, found in the other spelling": [
      "  - {op: replace, path: /connect_timeout, value: 1s}",
      /"connect_timeout":"1s"/,
    ],
    "adds a field that is not set": [
      "  - {op: add, path: /lb_policy, value: RANDOM}",
      /"lb_policy":"RANDOM"/,
    ],
    "goes on inside a typed_config": [
      "  - {op: replace, path: /transport_socket/typed_config/config/version, value: V2}",
      /"config":\{"version":"V2"\}/,
    ],
    "adds to the end of a list": [
      "  - {op: add, path: /load_assignment/endpoints/0/lb_endpoints/-, value: {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3}}}}}",
      /"port_value":1.*"port_value":2.*"port_value":3/,
    ],
    "adds between items of a list": [
      "  - {op: add, path: /load_assignment/endpoints/0/lb_endpoints/1, value: {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 3}}}}}",
      /"port_value":1.*"port_value":3.*"port_value":2/,
    ],
    "removes an item": [
      "  - {op: remove, path: /load_assignment/endpoints/0/lb_endpoints/0}",
      /^(?!.*"port_value":1\b).*"port_value":2/,
    ],
    "removes a field": ["  - {op: remove, path: /transport_socket}", /^(?!.*transport_socket)/],
    "moves a value": [
      "  - {op: move, from: /load_assignment/endpoints/0/lb_endpoints/1, path: /load_assignment/endpoints/0/lb_endpoints/0}",
      /"port_value":2.*"port_value":1/,
    ],
    "copies a value": [
      "  - {op: copy, from: /connect_timeout, path: /cleanup_interval}",
      /"cleanup_interval":"0\.250?s"/,
    ],
    "does its operations in order": [
      "  - {op: replace, path: /connect_timeout, value: 1s}\n  - {op: test, path: /connect_timeout, value: 1.0s}\n  - {op: replace, path: /connect_timeout, value: 2s}",
      /"connect_timeout":"2s"/,
    ],
    "tests what a field means, whatever its spelling": [
      "  - {op: test, path: /type, value: 0}\n  - {op: test, path: /lb_policy, value: ROUND_ROBIN}\n  - {op: add, path: /alt_stat_name, value: passed}",
      /passed/,
    ],
  };
  for (const [name, [patch, expected]] of Object.entries(changes)) {
    it(name, () => {
      const compiled = compile(overlay(patch));
      assert.deepEqual(compiled.problems.map(formatProblem), []);
      assert.match(jsonOf(compiled), expected);
    });
  }

  it("is for its groups, type and names alone", () => {
    const patch = "  - {op: add, path: /alt_stat_name, value: seen}";
    const compiled = compile(overlay(patch, "groups: [inner]\n  type: Cluster\n  name: serv*"));
    assert.doesNotMatch(jsonOf(compiled, "edge"), /seen/);
    assert.match(jsonOf(compiled, "inner"), /seen/);
  });

  it("sees what the ones before it did", () => {
    const one = "- type: Cluster\n  patch: [{op: add, path: /alt_stat_name, value: a}]\n";
    const two =
      "- type: Cluster\n  patch: [{op: test, path: /alt_stat_name, value: a}, {op: replace, path: /alt_stat_name, value: b}]\n";
    const compiled = compile(`overlays:\n${one}${two}`);
    assert.deepEqual(compiled.problems, []);
    assert.match(jsonOf(compiled), /"alt_stat_name":"b"/);
  });

  it("gives the version that the same content would have without it", () => {
    const patched = compile(overlay("  - {op: replace, path: /connect_timeout, value: 1s}"));
    const written = compile("{}", service.replace("0.25s", "1s"));
    assert.equal(versionOf(patched), versionOf(written));
  });

  it("costs nothing where nothing changed: the resource of the next tree is the same object", () => {
    const compiler = new Compiler(schema);
    const settings = overlay("  - {op: replace, path: /connect_timeout, value: 1s}");
    const before = compile(settings, service, compiler).groups.get("edge")!.resources[0];
    assert.equal(compile(settings, service, compiler).groups.get("edge")!.resources[0], before);
    const changed = compile(settings.replace("1s", "2s"), service, compiler).groups.get("edge")!.resources[0];
    assert.notEqual(changed!.version, before!.version);
  });

  const failures: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a path to what is not set, with the name that was meant": [
      "  - {op: replace, path: /conect_timeout, value: 1s}",
      /^chancery\.yaml:4:25: cluster "service1": \/conect_timeout is not set; did you mean connectTimeout\?$/,
    ],
    "a path through what is not set": [
      "  - {op: add, path: /circuit_breakers/thresholds, value: []}",
      /\/circuit_breakers is not set, so nothing can be done inside it/,
    ],
    "a path through a text": [
      "  - {op: add, path: /name/x, value: 1}",
      /\/name is "service1", which has nothing inside/,
    ],
    "an item that is not there": [
      "  - {op: remove, path: /load_assignment/endpoints/0/lb_endpoints/2}",
      /\/load_assignment\/endpoints\/0\/lb_endpoints has 2 items; there is no "2"/,
    ],
    "a test that fails": [
      "  - {op: test, path: /connect_timeout, value: 1s}",
      /the test fails: \/connect_timeout is "0\.25s"/,
    ],
    "a value of the wrong kind, at the value": [
      "  - {op: replace, path: /connect_timeout, value: 250ms}",
      /^chancery\.yaml:4:50 connect_timeout: .*250ms/,
    ],
    "a field that does not exist, at the path": [
      "  - {op: add, path: /connect_timeouts, value: 1s}",
      /^chancery\.yaml:4:21 connect_timeouts: .*did you mean connect_timeout\?/,
    ],
    "a result that breaks a rule": [
      "  - {op: replace, path: /connect_timeout, value: 0s}",
      /connectTimeout: |connect_timeout: /,
    ],
    "another name": ["  - {op: replace, path: /name, value: other}", /cannot change name/],
    "a value moved into itself": [
      "  - {op: move, from: /load_assignment, path: /load_assignment/x}",
      /cannot be moved into itself/,
    ],
    "a path that is no pointer": ["  - {op: remove, path: connect_timeout}", /expected a JSON Pointer/],
    "a bad escape": ["  - {op: remove, path: /a~2}", /expected ~0 or ~1/],
    "an unknown operation": ["  - {op: replce, path: /name}", /op: /],
    "an operation without its value": ["  - {op: add, path: /name}", /add needs value/],
    "an operation without its source": ["  - {op: move, path: /name}", /move needs from/],
  };
  for (const [name, [patch, expected]] of Object.entries(failures)) {
    it(`is refused for ${name}`, () => {
      const { problems } = compile(overlay(patch));
      const errors = problems.filter(({ severity }) => severity === "error");
      assert.ok(errors.length > 0);
      assert.match(formatProblem(errors[0]!), expected);
    });
  }

  it("tells where the resource is that it does not fit", () => {
    const { problems } = compile(
      overlay("  - {op: remove, path: /lb_policy}", "groups: [edge]\n  type: Cluster"),
    );
    assert.deepEqual(
      problems.map(({ related }) => related?.map(({ place }) => formatPlace(place))),
      [["groups/edge/a.yaml:2:9"]],
    );
  });

  it("gets a warning when it changes nothing", () => {
    const { problems } = compile(overlay("  - {op: remove, path: /x}", "type: Listener"));
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [["overlay-without-effect", "warning"]],
    );
  });

  it("is refused for a type and for groups that are not there", () => {
    const texts = compile(
      overlay("  - {op: remove, path: /x}", "groups: [edgy]\n  type: Clusters"),
    ).problems.map(formatProblem);
    assert.match(texts.join("\n"), /overlays\[0\]\.type: .*did you mean Cluster\?/);
    assert.match(
      texts.join("\n"),
      /overlays\[0\]\.groups\[0\]: there is no group "edgy"; did you mean edge\?/,
    );
  });
});

function versionOf({ groups }: Compiled): string {
  return groups.get("edge")!.resources[0]!.version;
}
