import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { ethernetFrame, ipPacket, pcap } from "../kit/capture.ts";
import { chancery } from "../kit/chancery-process.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const hex = "0d0a0d0a000d0a515549540a2111000ccb007109c6336419c35001bb";
const bytes = Buffer.from(hex, "hex");

async function decode(args: readonly string[], stdin: readonly string[] = [], cwd?: string) {
  const terminal = fakeTerminal({ stdin, ...(cwd !== undefined && { cwd }) });
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, ["decode", ...args], terminal);
  return { code, ...terminal.written };
}

describe("chancery decode", () => {
  it("shows a header field by field, and what Envoy makes of it", async () => {
    const { code, stdout } = await decode([`${hex}${Buffer.from("GET /").toString("hex")}`]);
    assert.deepEqual(
      [code, stdout.split("\n")],
      [
        0,
        [
          "PROXY protocol version 2, 28 bytes, then 5 bytes of payload",
          "  command      PROXY",
          "  transport    TCP over IPv4",
          "  source       203.0.113.9:50000",
          "  destination  198.51.100.25:443",
          "  Envoy        takes it; the client is 203.0.113.9:50000",
          "",
        ],
      ],
    );
  });

  const pairs = hex.match(/../g)!;
  const ascii = ".......QUIT.!...";
  const forms: Readonly<Record<string, string>> = {
    "hex with spaces": pairs.join(" "),
    "hex with colons, in capitals": pairs.join(":").toUpperCase(),
    "escaped hex": pairs.map((pair) => `\\x${pair}`).join(""),
    "a list of numbers": pairs.map((pair) => `0x${pair}`).join(", "),
    base64: bytes.toString("base64"),
    "a dump of xxd": [
      `00000000: 0d0a 0d0a 000d 0a51 5549 540a 2111 000c  ${ascii}`,
      "00000010: cb00 7109 c633 6419 c350 01bb            ..q..3d..P..",
    ].join("\n"),
    "a dump of hexdump -C": [
      `00000000  0d 0a 0d 0a 00 0d 0a 51  55 49 54 0a 21 11 00 0c  |${ascii}|`,
      "00000010  cb 00 71 09 c6 33 64 19  c3 50 01 bb              |..q..3d..P..|",
      "0000001c",
    ].join("\n"),
    "a dump of Wireshark": [
      `0000   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a 21 11 00 0c   ${ascii}`,
      "0010   cb 00 71 09 c6 33 64 19 c3 50 01 bb               ..q..3d..P..",
    ].join("\n"),
  };
  for (const [name, text] of Object.entries(forms)) {
    it(`reads ${name}, as an argument and from stdin`, async () => {
      for (const { code, stdout } of [await decode([text]), await decode(["-f", "-"], [text])]) {
        assert.equal(code, 0, stdout);
        assert.match(stdout, /^ {2}source {7}203\.0\.113\.9:50000$/m);
      }
    });
  }

  it("reads a version 1 line, its CRLF left away or written out", async () => {
    for (const line of [
      "PROXY TCP4 203.0.113.9 192.0.2.1 1 2",
      String.raw`PROXY TCP4 203.0.113.9 192.0.2.1 1 2\r\n`,
    ]) {
      assert.match((await decode([line])).stdout, /Envoy {8}takes it; the client is 203\.0\.113\.9:1\n$/);
    }
  });

  it("says at which byte a header is wrong, and exits 1", async () => {
    const { code, stdout } = await decode(["PROXY TCP4 203.0.113.9 192.0.2.1 1 70000"]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^ {2}Envoy {8}refuses it: the destination is not an IPv4 unicast address and a port$/m,
    );
    assert.match(stdout, /^error: byte 35: expected the destination's port, 0 to 65535, found "70000"$/m);
  });

  it("finds the headers of a capture, and counts the connections without one", async () => {
    using folder = temporaryFolder();
    const ends = { from: ["10.0.0.5", 3333], to: ["10.0.0.6", 80], sequence: 1 } as const;
    const packets = [
      ipPacket({ ...ends, payload: Buffer.concat([bytes, Buffer.from("GET /")]) }),
      ipPacket({ ...ends, from: ["10.0.0.7", 1], payload: Buffer.from("GET /") }),
    ];
    writeFileSync(
      folder.file("a.pcap"),
      pcap(
        1,
        packets.map((packet) => ethernetFrame(packet)),
      ),
    );
    const { code, stdout } = await decode(["-f", "a.pcap"], [], folder.path);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^10\.0\.0\.5:3333 to 10\.0\.0\.6:80, packet 1\nPROXY protocol version 2, 28 bytes, then 5 /,
    );
    assert.match(stdout, /\n1 of 2 directions begin with a header\n$/);
  });

  it("exits 1 for a capture without headers", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a.pcap"), pcap(1, []));
    const { code, stdout } = await decode(["-f", "a.pcap"], [], folder.path);
    assert.deepEqual(
      [code, stdout],
      [1, "error: none of 0 directions of TCP connections in 0 packets begins with a header\n"],
    );
  });

  it("prints JSON with the offset of every finding", async () => {
    const { code, stdout } = await decode([`${hex.slice(0, 24)}2111000ccb`, "-o", "json"]);
    const { apiVersion, kind, isRight, form, headers } = JSON.parse(stdout);
    assert.deepEqual(
      [code, apiVersion, kind, isRight, form],
      [1, "chancery/v1", "ProxyHeaders", false, "hex"],
    );
    assert.deepEqual(headers[0].header.findings, [
      { severity: "error", offset: 17, message: "the bytes end here, the header says that it has 28" },
    ]);
    assert.deepEqual(headers[0].envoy, { isAccepted: false, reason: "it waits for the rest of the header" });
  });

  it("takes the input for what it is told that it is", async () => {
    assert.equal((await decode([hex, "--as", "hex"])).code, 0);
    const wrong = await decode(["xyz!", "--as", "hex"]);
    assert.deepEqual([wrong.code, wrong.stderr], [65, "error: the input is not hex\n"]);
    for (const input of [hex, "0a"]) {
      const { code, stderr } = await decode([input, "--as", "capture"]);
      assert.deepEqual([code, stderr], [65, "error: the input is not a pcap or pcapng capture\n"]);
    }
  });

  it("wants one input, one that is there and one that it can read", async () => {
    for (const args of [[], [hex, "-f", "-"]]) assert.equal((await decode(args)).code, 64);
    assert.equal((await decode(["-f", "gone"])).code, 65);
    assert.match((await decode(["not a header!"])).stderr, /is not hex, base64, a header or a capture/);
  });

  it("works from the program itself, which passes the codec in", async () => {
    await using child = chancery(["decode", hex]);
    assert.equal(await child.exit(), 0);
    assert.match(child.stdout, /the client is 203\.0\.113\.9:50000/);
  });
});
