import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { HpackDecoder } from "../../../data-plane/http2/hpack-decoder.ts";
import { HpackEncoder } from "../../../data-plane/http2/hpack-encoder.ts";

const limits = { maxHeaders: 100, maxHeadBytes: 60 * 1024, maxFieldBytes: 64 * 1024 };
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** RFC 7541, appendix C: blocks of one connection and what they say. */
const vectors: Readonly<Record<string, { table: number; blocks: readonly (readonly [string, string])[] }>> = {
  "C.3, requests without Huffman coding": {
    table: 4096,
    blocks: [
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        ":method=GET :scheme=http :path=/ :authority=www.example.com",
      ],
      [
        "8286 84be 5808 6e6f 2d63 6163 6865",
        ":method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache",
      ],
      [
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value",
      ],
    ],
  },
  "C.4, requests with Huffman coding": {
    table: 4096,
    blocks: [
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        ":method=GET :scheme=http :path=/ :authority=www.example.com",
      ],
      [
        "8286 84be 5886 a8eb 1064 9cbf",
        ":method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache",
      ],
      [
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value",
      ],
    ],
  },
  "C.6, responses with Huffman coding and a table of 256 bytes": {
    table: 256,
    blocks: [
      [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        ":status=302 cache-control=private date=Mon,_21_Oct_2013_20:13:21_GMT location=https://www.example.com",
      ],
      [
        "4883 640e ffc1 c0bf",
        ":status=307 cache-control=private date=Mon,_21_Oct_2013_20:13:21_GMT location=https://www.example.com",
      ],
    ],
  },
};

const show = (flat: readonly string[]) =>
  flat
    .map((text, at) => text.replaceAll(" ", "_") + (at % 2 === 0 ? "=" : " "))
    .join("")
    .trimEnd();

function decoded(decoder: HpackDecoder, block: Buffer, most = limits): readonly string[] {
  const result = decoder.decode(block, most);
  if (result.kind !== "headers") throw new Error(`${result.kind} ${"reason" in result ? result.reason : ""}`);
  return result.flat;
}

describe("HpackDecoder", () => {
  for (const [name, { table, blocks }] of Object.entries(vectors)) {
    it(`reads the examples of RFC 7541, ${name}`, () => {
      const decoder = new HpackDecoder(table);
      for (const [block, fields] of blocks) assert.equal(show(decoded(decoder, hex(block))), fields);
    });
  }

  it("reads a block in any pieces as it reads it whole", () => {
    const whole = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff";
    const fields = ":status=302 cache-control=private date=Mon,_21_Oct_2013_20:13:21_GMT";
    const block = hex(whole);
    for (let cut = 0; cut <= block.length; cut += 1) {
      const decoder = new HpackDecoder(256);
      const first = decoder.decode(block.subarray(0, cut), limits, false);
      assert.ok(first.kind === "more", `cut at ${cut}`);
      assert.equal(show(decoded(decoder, block.subarray(first.consumed))), fields);
    }
  });

  it("gives up on what no encoder writes", () => {
    const broken: Readonly<Record<string, string>> = {
      "the index 0": "80",
      "an index of no entry": "be",
      "an integer without end": "ff ffff ffff ff",
      "a string that is cut": "0005 6162",
      "a Huffman string with the end of string in it": "0001 6184 ffff ffff",
      "a Huffman string with eight bits of padding": "0001 6182 1fff",
      "a Huffman string with padding of zeros": "0001 6181 18",
      "a table larger than allowed": "3fe2 1f",
      "a change of the table behind a field": "8220",
    };
    for (const [what, block] of Object.entries(broken)) {
      assert.equal(new HpackDecoder(4096).decode(hex(block), limits).kind, "broken", what);
    }
  });

  it("says that there is too much, and goes on with the table intact", () => {
    const encoder = new HpackEncoder(4096);
    const decoder = new HpackDecoder(4096);
    const encode = (flat: readonly string[]) => {
      encoder.begin();
      encoder.addAll(flat);
      return Buffer.from(encoder.end());
    };
    const many = Array.from({ length: 5 }, (_, index) => [`x-${index}`, "y"]).flat();
    const few = { ...limits, maxHeaders: 4 };
    assert.deepEqual(decoder.decode(encode(many), few), { kind: "too-large", what: "count" });
    assert.deepEqual(decoder.decode(encode(many), { ...limits, maxHeadBytes: 10 }), {
      kind: "too-large",
      what: "bytes",
    });
    assert.deepEqual(decoded(decoder, encode(["x-4", "y"])), ["x-4", "y"]);
  });

  it("does not read a name or value beyond the limit, however little of it has come", () => {
    const decoder = new HpackDecoder(4096);
    // A literal whose value says that it has 65,537 bytes.
    const result = decoder.decode(hex("0001 617f 82ff 03"), limits, false);
    assert.equal(result.kind, "broken");
  });
});

describe("HpackEncoder", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  const value = fc.string({ unit: "binary-ascii", maxLength: 80 });
  const known = fc.constantFrom(
    ":status",
    ":path",
    "cookie",
    "server",
    "content-type",
    "x-request-id",
    "set-cookie",
  );
  const block = fc.array(fc.tuple(fc.oneof(known, name), fc.oneof(fc.constantFrom("200", "a", ""), value)), {
    maxLength: 20,
  });

  it("writes what the decoder reads, whatever sizes of tables either side wants", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(block, fc.option(fc.integer({ min: 0, max: 6000 }))), { maxLength: 12 }),
        fc.integer({ min: 0, max: 8192 }),
        (blocks, own) => {
          const encoder = new HpackEncoder(own);
          const decoder = new HpackDecoder(6000);
          for (const [fields, size] of blocks) {
            if (size !== null) encoder.allow(size);
            encoder.begin();
            encoder.addAll(fields.flat());
            assert.deepEqual(decoded(decoder, Buffer.from(encoder.end())), fields.flat());
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("says a header that comes again in one byte, and never keeps a secret", () => {
    const encoder = new HpackEncoder(4096);
    const size = (flat: readonly string[]) => {
      encoder.begin();
      encoder.addAll(flat);
      return encoder.end().length;
    };
    assert.ok(size(["x-served-by", "front-7"]) > 10);
    assert.equal(size(["x-served-by", "front-7"]), 1);
    const secret = size(["authorization", "Bearer abc"]);
    assert.equal(size(["authorization", "Bearer abc"]), secret);
    assert.equal(encoder.end()[0]! & 0xf0, 0x10, "never to be indexed (RFC 7541, section 7.1.3)");
  });
});
