import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { needs, peerPath } from "../../kit/peers.ts";
import { envoy, tree } from "../envoy-schema.ts";
import { anyTypes, randomMessage } from "./random-message.ts";

const script = fileURLToPath(import.meta.resolve("#root/test/schema/oracle/json-format.py"));
const runsPerType = 4;

interface Answer {
  readonly bytes: string;
  readonly json: unknown;
  readonly read: string;
  readonly error?: string;
}

/** Python as a process that answers one line with one line. */
class JsonFormat implements AsyncDisposable {
  readonly #process = spawn(peerPath("python"), [script], { stdio: ["pipe", "pipe", "inherit"] });
  readonly #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async ask(requests: readonly object[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const request of requests) this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    for (const _ of requests) answers.push(JSON.parse(await this.line()));
    return answers;
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Python has ended");
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.stdin.end();
    await exit;
  }
}

describe("The codec and the JSON mapping against Python's json_format", needs("python"), () => {
  it("agrees on every message and field that xds-protos knows, bytes and JSON, both ways", async () => {
    await using python = new JsonFormat();
    const known: Record<string, string[]> = JSON.parse(await python.line());
    const members = new Map(Object.entries(known).map(([name, names]) => [name, new Set(names)]));
    const types = [...envoy.descriptors.messages.keys()].filter((name) => members.has(name));
    assert.ok(types.length > 1000, `only ${types.length} types are known to both`);

    const allows = (type: string, member: string) => members.get(type)?.has(member) ?? false;
    const cases = types.flatMap((type) => {
      return fc
        .sample(randomMessage(envoy, type, { anyTypes, allows }), { numRuns: runsPerType, seed: 1 })
        .map((message) => {
          const bytes = envoy.encode(type, message);
          return {
            type,
            bytes: bytes.toString("base64"),
            json: envoy.toJson(type, envoy.decode(type, bytes)),
          };
        });
    });
    const answers = await python.ask(cases);
    for (const [index, { type, bytes, json }] of cases.entries()) {
      const answer = answers[index]!;
      const about = `${type} ${JSON.stringify(json)}`;
      assert.equal(answer.error, undefined, about);
      sameMessage(type, answer.bytes, bytes, `bytes of ${about}`);
      assert.deepStrictEqual(json, answer.json, `JSON of ${about}`);
      sameMessage(type, answer.read, bytes, `bytes read from our JSON of ${about}`);
      const read = envoy.fromSource(type, tree(JSON.stringify(answer.json)), { rules: false });
      assert.deepStrictEqual(read.problems, [], about);
      assert.equal(
        envoy.encode(type, read.message ?? {}).toString("base64"),
        bytes,
        `bytes read from its JSON of ${about}`,
      );
    }
  });
});

/** Equal but for the order of map entries, which upb sorts descending (C++ and Go, like us, ascending). */
function sameMessage(type: string, theirs: string, ours: string, about: string): void {
  const [a, b] = [theirs, ours].map((base64) => Buffer.from(base64, "base64"));
  assert.deepStrictEqual(
    envoy.toJson(type, envoy.decode(type, a!)),
    envoy.toJson(type, envoy.decode(type, b!)),
    about,
  );
  assert.deepStrictEqual(Buffer.from(a!).sort(), Buffer.from(b!).sort(), about);
}
