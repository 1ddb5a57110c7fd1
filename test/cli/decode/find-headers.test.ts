import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { searchCapture } from "../../../src/cli/decode/capture/find-headers.ts";
import { ethernetFrame, ipPacket, pcap, pcapng, type SegmentToCapture } from "../../kit/capture.ts";

const client = ["192.0.2.1", 40_000] as const;
const server = ["192.0.2.2", 8080] as const;

function segment(sequence: number, text?: string, more: Partial<SegmentToCapture> = {}): Buffer {
  return ipPacket({
    from: client,
    to: server,
    sequence,
    ...more,
    ...(text !== undefined && { payload: Buffer.from(text) }),
  });
}

/** What was found to be sent first, by connection. */
function starts(file: Buffer): string[] {
  return searchCapture(file).streams.map(
    ({ from, to, frame, bytes }) => `${from} ${to} ${frame} ${bytes.toString()}`,
  );
}

const RAW = 101;
const found = "192.0.2.1:40000 192.0.2.2:8080";

describe("searchCapture()", () => {
  const syn = segment(999, undefined, { isSyn: true });

  for (const order of ["little", "big"] as const) {
    it(`reads pcap of ${order}-endian machines`, () => {
      assert.deepEqual(starts(pcap(RAW, [syn, segment(1000, "PROXY")], order)), [`${found} 2 PROXY`]);
    });
  }

  it("reads pcapng, enhanced and simple packet blocks", () => {
    assert.deepEqual(starts(pcapng(RAW, [syn, segment(1000, "PROXY")])), [`${found} 2 PROXY`]);
    assert.deepEqual(starts(pcapng(RAW, [segment(1000, "PROXY"), syn])), [`${found} 1 PROXY`]);
  });

  const links: readonly (readonly [string, number, (packet: Buffer) => Buffer])[] = [
    ["Ethernet, without its padding", 1, (packet) => ethernetFrame(packet)],
    ["a VLAN", 1, (packet) => ethernetFrame(packet, 7)],
    ["loopback", 0, (packet) => Buffer.concat([Buffer.from("02000000", "hex"), packet])],
    ["Linux cooked", 113, (packet) => Buffer.concat([Buffer.alloc(16), packet])],
    ["Linux cooked 2", 276, (packet) => Buffer.concat([Buffer.alloc(20), packet])],
  ];
  for (const [name, linkType, wrap] of links) {
    it(`reads ${name}`, () => {
      assert.deepEqual(starts(pcap(linkType, [wrap(segment(1000, "PROXY"))])), [`${found} 1 PROXY`]);
    });
  }

  it("reads IPv6, extension headers included", () => {
    const ends = { from: ["2001:db8::9", 1], to: ["2001:db8::1", 2] } as const;
    const packet = segment(1, "PROXY", ends);
    const options = Buffer.from("0600010400000000", "hex");
    const extended = Buffer.concat([packet.subarray(0, 40), options, packet.subarray(40)]);
    extended[6] = 0;
    extended.writeUInt16BE(extended.length - 40, 4);
    const expected = "[2001:db8::9]:1 [2001:db8::1]:2 1 PROXY";
    assert.deepEqual(starts(pcap(RAW, [packet])), [expected]);
    assert.deepEqual(starts(pcap(RAW, [extended])), [expected]);
  });

  it("puts segments together that come in pieces, twice, out of order and over each other", () => {
    const packets = [
      syn,
      segment(1003, "XY UN"),
      segment(1000, "PR"),
      segment(1000, "PRO"),
      segment(1006, "UNKNOWN"),
    ];
    assert.deepEqual(starts(pcap(RAW, packets)), [`${found} 2 PROXY UNKNOWN`]);
  });

  it("does not read over a gap", () => {
    assert.deepEqual(starts(pcap(RAW, [syn, segment(1000, "PRO"), segment(1005, "Y")])), [`${found} 2 PRO`]);
  });

  it("follows sequence numbers around their end", () => {
    const packets = [
      segment(0xfffffffe, undefined, { isSyn: true }),
      segment(0xffffffff, "AB"),
      segment(1, "CD"),
    ];
    assert.deepEqual(starts(pcap(RAW, packets)), [`${found} 2 ABCD`]);
  });

  it("takes the same ports for another connection after another SYN", () => {
    const again = segment(5000, undefined, { isSyn: true });
    assert.deepEqual(starts(pcap(RAW, [syn, segment(1000, "A"), again, segment(5001, "B")])), [
      `${found} 2 A`,
      `${found} 4 B`,
    ]);
  });

  it("tells both directions apart", () => {
    const banner = segment(7, "220 hello", { from: server, to: client });
    assert.deepEqual(starts(pcap(RAW, [banner, segment(1, "PROXY")])), [
      "192.0.2.2:8080 192.0.2.1:40000 1 220 hello",
      `${found} 2 PROXY`,
    ]);
  });

  it("leaves out what is no TCP, a fragment, or broken", () => {
    const udp = segment(1, "PROXY");
    udp[9] = 17;
    const fragment = segment(1, "PROXY");
    fragment.writeUInt16BE(100, 6);
    const broken = segment(1, "PROXY").subarray(0, 30);
    const arp = ethernetFrame(segment(1, "PROXY"));
    arp.writeUInt16BE(0x0806, 12);
    assert.deepEqual(starts(pcap(RAW, [udp, fragment, broken, Buffer.alloc(0)])), []);
    assert.deepEqual(starts(pcap(1, [arp])), []);
  });

  it("says where a capture ends too soon, and keeps what came before", () => {
    const file = pcap(RAW, [segment(1000, "PROXY"), segment(1005, " x")]);
    const cut = searchCapture(file.subarray(0, -1));
    assert.equal(cut.streams[0]!.bytes.toString(), "PROXY");
    assert.deepEqual(cut.problems, ["byte 85: the capture ends inside packet 2"]);
    const ng = pcapng(RAW, [segment(1000, "PROXY")]);
    assert.match(
      searchCapture(ng.subarray(0, -4)).problems.join(),
      /^byte 72: the capture ends inside a block$/,
    );
    assert.match(searchCapture(file.subarray(0, 10)).problems.join(), /inside its own header/);
  });

  it("says so of what is no capture", () => {
    for (const file of ["", "\xa1", "PROXY TCP4 "]) {
      const { streams, frames, problems } = searchCapture(Buffer.from(file, "latin1"));
      assert.deepEqual([streams, frames, problems], [[], 0, ["byte 0: this is no pcap or pcapng file"]]);
    }
  });

  it("reads what is there of a capture that is cut off at any byte, and says that it is cut off", () => {
    const packets = [segment(1000, "PROXY"), segment(1005, " x")];
    for (const file of [pcap(RAW, packets), pcapng(RAW, packets)]) {
      const whole = searchCapture(file);
      assert.deepEqual([whole.frames, whole.problems], [2, []]);
      for (let length = 4; length < file.length; length += 1) {
        const { frames, problems } = searchCapture(file.subarray(0, length));
        assert.ok(frames <= 2);
        // Between two packets nothing is missing that could be known to be.
        if (problems.length > 0) assert.match(problems.join(), /^byte \d+: the capture ends inside /);
        else assert.ok(frames < 2 || length === file.length, `${length} bytes`);
      }
    }
  });

  it("survives any damage to a capture", () => {
    const whole = [1, RAW].flatMap((linkType) => {
      const packets = [syn, segment(1000, "PROXY"), segment(1005, " UNKNOWN")];
      const framed = linkType === 1 ? packets.map((packet) => ethernetFrame(packet)) : packets;
      return [pcap(linkType, framed), pcapng(linkType, framed)];
    });
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...whole), edits, fc.nat(), (file, changes, cut) => {
        const damaged = Buffer.from(file);
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        const { streams } = searchCapture(damaged.subarray(0, cut % (damaged.length + 1)));
        assert.ok(streams.length <= 3);
      }),
      { numRuns: 2000 },
    );
  });

  it("names link types that it cannot read", () => {
    assert.deepEqual(searchCapture(pcap(105, [segment(1, "PROXY")])).problems, [
      "packets of link type 105 cannot be read",
    ]);
  });
});
