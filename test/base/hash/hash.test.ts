import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { murmurHash2 } from "../../../src/base/hash/murmur-hash-2.ts";
import { xxHash64 } from "../../../src/base/hash/xx-hash-64.ts";

/** The bytes that the reference implementation's own check hashes: the upper bytes of a growing power of a prime. */
function sanityBuffer(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let generator = 2_654_435_761n;
  for (let at = 0; at < length; at += 1) {
    bytes[at] = Number(generator >> 56n);
    generator = (generator * 11_400_714_785_074_694_797n) & 0xffff_ffff_ffff_ffffn;
  }
  return bytes;
}

describe("xxHash64()", () => {
  // Of the reference implementation, and of Envoy's own tests.
  const texts = [
    ["", 0xef46db3751d8e999n],
    ["a", 0xd24ec4f1a98c6e5bn],
    ["as", 0x1c330fb2d66be179n],
    ["asd", 0x631c37ce72a97393n],
    ["asdf", 0x415872f599cea71en],
    ["foo", 3_728_699_739_546_630_719n],
    ["bar", 5_234_164_152_756_840_025n],
    ["foo\nbar", 8_917_841_378_505_826_757n],
    ["Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2e85470d6fd96n],
  ] as const;
  for (const [text, hash] of texts) {
    it(`of ${JSON.stringify(text.slice(0, 20))}`, () => assert.equal(xxHash64(Buffer.from(text)), hash));
  }

  const seeded = [
    [1, 0n, 0xe934a84adb052768n],
    [1, 2_654_435_761n, 0x5014607643a9b4c3n],
    [14, 0n, 0x8282dcc4994e35c8n],
    [14, 2_654_435_761n, 0xc3bd6bf63deb6df0n],
    [222, 0n, 0xb641ae8cb691c174n],
    [222, 2_654_435_761n, 0x20cb8ab7ae10c14an],
  ] as const;
  for (const [length, seed, hash] of seeded) {
    it(`of ${length} bytes with seed ${seed}`, () =>
      assert.equal(xxHash64(sanityBuffer(length), seed), hash));
  }
});

describe("murmurHash2()", () => {
  // What std::hash of libstdc++ gives.
  const texts = [
    ["", 6_142_509_188_972_423_790n],
    ["foo", 9_631_199_822_919_835_226n],
    ["lyft", 12_847_078_931_730_529_320n],
    ["abcdefgh", 8_664_279_048_047_335_611n],
    ["abcdefghi", 13_036_955_925_923_793_583n],
    ["127.0.0.1:8080_511", 12_666_064_072_942_448_966n],
  ] as const;
  for (const [text, hash] of texts) {
    it(`of ${JSON.stringify(text)}`, () => assert.equal(murmurHash2(Buffer.from(text)), hash));
  }
});
