import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { convertedLine, convertFile, type MessageForm } from "../../src/schema/convert.ts";
import { envoy } from "./envoy-schema.ts";

const typeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const yaml = `"@type": ${typeUrl}\nname: a\nconnect_timeout: 0.250s\n`;

function convert(content: string | Buffer, to: MessageForm, rules = true) {
  return convertFile(envoy, "f", Buffer.from(content), { to, rules });
}

describe("convertFile()", () => {
  const forms: readonly MessageForm[] = ["yaml", "json", "binary", "base64"];
  for (const from of forms) {
    for (const to of forms) {
      it(`turns ${from} into ${to} and back`, () => {
        const [first] = convert(yaml, from);
        const [there] = convert(first!.result!.output, to);
        const [back] = convert(there!.result!.output, "yaml");
        assert.equal(back?.result?.output.toString(), yaml.replace(/^"@type": (.*)$/m, "'@type': $1"));
        assert.equal(back?.type, "envoy.config.cluster.v3.Cluster");
      });
    }
  }

  it("prints a line with the canonical bytes of the message, without the Any around it", () => {
    const line = convertedLine("f", convert(yaml, "binary"));
    const base64 = Buffer.from("0a016122051080e59a77", "hex").toString("base64");
    const type = "envoy.config.cluster.v3.Cluster";
    assert.deepStrictEqual(line, { file: "f", type, ok: true, errors: [], base64 });
  });

  it("prints every error with its path, line and column", () => {
    const line = convertedLine("f", convert(`"@type": ${typeUrl}\nnam: a\nlb_policy: robin\n`, "json"));
    assert.deepEqual([line.ok, line.base64], [false, null]);
    assert.deepStrictEqual(
      line.errors.map(({ path, line, column, code }) => [path, line, column, code]),
      [
        ["nam", 2, 1, "unknown-field"],
        ["lb_policy", 3, 12, "unknown-enum-value"],
      ],
    );
    assert.match(line.errors[0]?.message ?? "", /did you mean name\?$/);
  });

  it("checks field rules, of binary input too, unless told not to", () => {
    const empty = `"@type": ${typeUrl}\nconnect_timeout: 0s\n`;
    const codes = convertedLine("f", convert(empty, "json")).errors.map(({ path, code }) => [path, code]);
    const expected = [
      ["name", "rule-violation"],
      ["connect_timeout", "rule-violation"],
    ];
    assert.deepStrictEqual(codes, expected);
    const [binary] = convert(empty, "binary", false);
    assert.ok(binary?.result);
    const line = convertedLine("f", convert(binary.result.output, "json"));
    assert.deepStrictEqual(
      line.errors.map(({ path, code }) => [path, code]),
      expected,
    );
  });

  it("has one line for a file of several documents: their errors, or that a line has room for one message", () => {
    const second = yaml.replace("name: a", "nam: b");
    const broken = convertedLine("f", convert(`${yaml}---\n${second}`, "json"));
    assert.deepStrictEqual(
      [broken.ok, broken.type, broken.base64, broken.errors.map(({ code, line }) => [code, line])],
      [false, null, null, [["unknown-field", 6]]],
    );
    const fine = convertedLine("f", convert(`${yaml}---\n${yaml}`, "json"));
    assert.deepStrictEqual([fine.ok, fine.errors.map(({ code }) => code)], [false, ["several-messages"]]);
  });

  it("gives a result for each document of a YAML file", () => {
    const results = convert(`${yaml}---\n${yaml.replace("name: a", "name: b")}`, "json");
    assert.deepStrictEqual(
      results.map(({ result }) => /"name": "(.)"/.exec(String(result?.output))?.[1]),
      ["a", "b"],
    );
  });

  const refused: readonly (readonly [string, string | Buffer, string])[] = [
    ["an empty file", "", "empty-input"],
    ["a YAML syntax error", "a: [", "yaml-syntax"],
    ["a message that does not say its type", "name: a", "missing-type"],
    ["an unknown type", '"@type": type.googleapis.com/acme.Thing', "unknown-type"],
    ["a scalar", "aGVsbG8=", "wrong-kind"],
    ["bytes that are neither text nor an Any", Buffer.from([0xff, 0xfe, 0x00]), "bad-wire-format"],
    [
      "an Any of an unknown type",
      envoy.encode("google.protobuf.Any", { type_url: "type.googleapis.com/acme.Thing" }),
      "unknown-type",
    ],
    [
      "bytes that are no message of their type",
      envoy.encode("google.protobuf.Any", { type_url: typeUrl, value: Buffer.from([10, 9]) }),
      "bad-wire-format",
    ],
    [
      "bytes with a field that would be lost",
      envoy.encode("google.protobuf.Any", { type_url: typeUrl, value: Buffer.from("0a0161d83e01", "hex") }),
      "unknown-field-number",
    ],
  ];
  for (const [name, content, code] of refused) {
    it(`refuses ${name}`, () => {
      const results = convert(content, "json");
      assert.ok(results.every(({ result }) => result === undefined));
      assert.equal(results[0]?.problems[0]?.code, code);
    });
  }
});
