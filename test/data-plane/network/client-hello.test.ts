import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { offeredProtocols, readClientHello, serverNameOf } from "../../../data-plane/network/client-hello.ts";
import { ja3, ja4 } from "../../../data-plane/filters/tls-fingerprints.ts";
import { helloBytes, prefixed, uint16, type HelloSpec } from "./hello-bytes.ts";

const kindOf = (bytes: Buffer) => readClientHello(bytes).kind;

function helloOf(spec: HelloSpec) {
  const verdict = readClientHello(helloBytes(spec));
  assert.ok(verdict.kind === "hello");
  return verdict.hello;
}

const full: HelloSpec = {
  cipherSuites: [0x1a1a, 0x1301, 0xc02b],
  serverName: "www.Example.com",
  protocols: ["h2", "http/1.1"],
  extensions: [
    [0x2a2a, Buffer.alloc(0)],
    [10, prefixed(2, uint16(0x3a3a, 29, 23))],
    [11, prefixed(1, Buffer.from([0]))],
    [13, prefixed(2, uint16(0x0403, 0x0804))],
    [43, prefixed(1, uint16(0x4a4a, 0x0304, 0x0303))],
  ],
};

describe("readClientHello()", () => {
  it("reads a hello at once, byte by byte and in many records alike", () => {
    const whole = readClientHello(helloBytes(full));
    assert.ok(whole.kind === "hello");
    const bytes = helloBytes(full);
    for (let length = 0; length < bytes.length; length += 1) {
      assert.equal(kindOf(bytes.subarray(0, length)), "more", `${length} bytes`);
    }
    for (const recordBytes of [1, 3, 4, 5, 50]) {
      const cut = readClientHello(helloBytes(full, recordBytes));
      assert.deepEqual(cut.kind === "hello" && cut.hello, whole.hello);
    }
  });

  it("says how many bytes it took to tell (as seen on Envoy 1.40)", () => {
    const sizes = [Buffer.from("hello world"), Buffer.from([23, 3, 1, 0, 1, 9, 9, 9])].map((bytes) => {
      const verdict = readClientHello(bytes);
      return verdict.kind === "not-tls" && verdict.size;
    });
    assert.deepEqual(sizes, [5, 6]);
  });

  it("leaves what stands behind the hello alone", () => {
    const bytes = helloBytes(full);
    const verdict = readClientHello(Buffer.concat([bytes, Buffer.from("more")]));
    assert.equal(verdict.kind === "hello" && verdict.size, bytes.length);
  });

  const rows: readonly (readonly [story: string, bytes: Buffer, kind: string])[] = [
    ["four bytes of anything tell nothing, as in Envoy", Buffer.from("hell"), "more"],
    ["five bytes of text are no TLS", Buffer.from("hello"), "not-tls"],
    ["a major version other than 3", Buffer.from([22, 4, 1, 0, 5]), "not-tls"],
    ["a record that is too long", Buffer.from([22, 3, 1, 0xff, 0xff]), "not-tls"],
    ["another type of record, before it is whole", Buffer.from([23, 3, 1, 0, 2, 9]), "more"],
    ["another type of record, once it is whole", Buffer.from([23, 3, 1, 0, 1, 9]), "not-tls"],
    ["another handshake message, before it is whole", Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 1]), "more"],
    ["another handshake message, once it is whole", Buffer.from([22, 3, 1, 0, 5, 2, 0, 0, 1, 9]), "not-tls"],
    ["a message longer than 16 KiB", Buffer.from([22, 3, 1, 0, 4, 1, 0, 0x40, 1]), "not-tls"],
    ["an empty hello", Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]), "not-tls"],
    ["no extensions at all", helloBytes({}), "hello"],
    ["SSL 3.0", helloBytes({ version: 0x0300 }), "not-tls"],
    ["only versions to come", helloBytes({ extensions: [[43, prefixed(1, uint16(0x0305))]] }), "not-tls"],
    ["no cipher suites", helloBytes({ cipherSuites: [] }), "not-tls"],
    ["compression alone", helloBytes({ compressions: [1] }), "hello"],
    ["no word on compression", helloBytes({ compressions: [] }), "not-tls"],
    ["a session id of 33 bytes", helloBytes({ sessionId: Buffer.alloc(33) }), "not-tls"],
    [
      "an extension that stands twice",
      helloBytes({ serverName: "a", extensions: [[0, Buffer.alloc(0)]] }),
      "not-tls",
    ],
  ];
  for (const [story, bytes, kind] of rows) it(`${story}: ${kind}`, () => assert.equal(kindOf(bytes), kind));

  it("takes any bytes without failing", () => {
    // A mutated hello reaches deeper than noise would. The numbers come from a generator, so that a failure can be repeated.
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const original = helloBytes(full);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(original);
      for (let change = random(4); change >= 0; change -= 1) bytes[random(bytes.length)] = random(256);
      const verdict = readClientHello(bytes.subarray(0, random(bytes.length + 1)));
      if (verdict.kind !== "hello") continue;
      serverNameOf(verdict.hello);
      offeredProtocols(verdict.hello);
      assert.match(ja3(verdict.hello), /^[0-9a-f]{32}$/);
      assert.match(ja4(verdict.hello), /^t\d\d[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/);
    }
  });
});

describe("serverNameOf()", () => {
  const rows: readonly (readonly [story: string, spec: HelloSpec, name: string | undefined])[] = [
    ["gives the name as it was sent", full, "www.Example.com"],
    ["is empty without the extension", {}, ""],
    ["is undefined for an empty name", { serverName: "" }, undefined],
    ["is undefined for a name with a zero byte", { serverName: "a\0b" }, undefined],
    ["is undefined for a name over 255 bytes", { serverName: "a".repeat(256) }, undefined],
    [
      "is undefined for another kind of name",
      { extensions: [[0, Buffer.from([0, 4, 1, 0, 1, 97])]] },
      undefined,
    ],
    ["is undefined for an empty extension", { extensions: [[0, Buffer.alloc(0)]] }, undefined],
  ];
  for (const [story, spec, name] of rows) it(story, () => assert.equal(serverNameOf(helloOf(spec)), name));
});

describe("offeredProtocols()", () => {
  const rows: readonly (readonly [
    story: string,
    spec: HelloSpec,
    protocols: readonly string[] | undefined,
  ])[] = [
    ["keeps the client's order", full, ["h2", "http/1.1"]],
    ["is undefined without the extension", {}, undefined],
    ["is undefined for an empty list", { protocols: [] }, undefined],
    ["is undefined for an empty name", { protocols: ["h2", ""] }, undefined],
  ];
  for (const [story, spec, protocols] of rows) {
    it(story, () => assert.deepEqual(offeredProtocols(helloOf(spec)), protocols));
  }
});

describe("ja3() and ja4() (as seen on Envoy 1.40)", () => {
  const rows: readonly (readonly [story: string, spec: HelloSpec, ja3: string, ja4: string])[] = [
    ["leave GREASE out", full, "7128f139febc75c9f7c472e5655a85d2", "t13d0206h2_777cda164f4b_fb71836bce29"],
    [
      "take a hello without extensions",
      {},
      "ea1e247991e541e39bf918cb7cfa5139",
      "t12i010000_0f2cb44170f4_000000000000",
    ],
    [
      "write odd protocol names in hex",
      { protocols: ["\x01b\x02"] },
      "79bec9f8e9d974a2ec7ceb481134f481",
      "t12i010102_0f2cb44170f4_000000000000",
    ],
    [
      "take a malformed list of groups",
      { serverName: "a.b", extensions: [[10, Buffer.alloc(1)]] },
      "b52f138084ddcc27323bedda3a676192",
      "t12d010200_0f2cb44170f4_a8f3e973773c",
    ],
    [
      "take the first protocol of a malformed list",
      { protocols: ["h2", ""] },
      "79bec9f8e9d974a2ec7ceb481134f481",
      "t12i0101h2_0f2cb44170f4_000000000000",
    ],
  ];
  for (const [story, spec, expectedJa3, expectedJa4] of rows) {
    it(story, () => assert.deepEqual([ja3(helloOf(spec)), ja4(helloOf(spec))], [expectedJa3, expectedJa4]));
  }
});
