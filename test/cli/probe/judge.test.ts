import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Attempt, Observation, Tried } from "../../../src/cli/probe/attempt.ts";
import { judgeVersion } from "../../../src/cli/probe/judge.ts";

const payload = Buffer.from("HEAD / HTTP/1.1\r\n\r\n");
const header = Buffer.from("PROXY UNKNOWN\r\n");

/** What a connection did: `closed`, `open`, or what it answered. */
function saw(text: string): Observation {
  const ending = text === "open" ? "open" : "closed";
  const received = Buffer.from(text === "open" || text === "closed" ? "" : text, "latin1");
  return { kind: "connected", sent: { header, payload }, received, ending };
}

function tried(bare: string, behind: string, broken: string): Tried[] {
  const attempts: readonly (readonly [Attempt, string])[] = [
    [{ header: "none", payload: "http" }, bare],
    [{ header: "local", version: "V1", payload: "http" }, behind],
    [{ header: "broken", version: "V1", payload: "http" }, broken],
  ];
  return attempts.map(([attempt, text]) => ({ attempt, observation: saw(text) }));
}

const ok = "HTTP/1.1 200 OK\r\n\r\n";
const bad = "HTTP/1.1 400 Bad Request\r\n\r\n";
const hello = "\u0016\u0003\u0003\u0000\u0040\u0002";
const alert = "\u0015\u0003\u0003\u0000\u0002\u0002\u0046";
const whole = Buffer.concat([header, payload]).toString();

/** Without a header, behind one, behind a broken one, and what that means. */
const cases: readonly (readonly [string, string, string, string, string])[] = [
  ["serves nobody without a header", "closed", ok, "closed", "demands high"],
  ["serves TLS behind a header only", "closed", hello, "closed", "demands high"],
  ["answers behind a header, and is silent without", "open", ok, "closed", "demands medium"],
  ["reads on behind a header only", "closed", "open", "closed", "demands medium"],
  ["serves alike, and closes behind a broken header", ok, ok, "closed", "understands high"],
  ["serves alike, and complains of a broken header", ok, ok, bad, "understands high"],
  ["waits alike, and closes behind a broken header", "open", "open", "closed", "understands medium"],
  ["serves alike whatever comes first", ok, ok, ok, "ignores medium"],
  ["sends the header back", payload.toString(), whole, whole, "ignores high"],
  ["sends only the payload back", payload.toString(), payload.toString(), "closed", "understands high"],
  ["complains of any header", ok, bad, bad, "rejects high"],
  ["alerts behind any header", hello, alert, alert, "rejects high"],
  ["closes behind a header", ok, "closed", "closed", "rejects high"],
  ["goes silent behind a header", ok, "open", "open", "rejects medium"],
  ["waits without a header, and closes behind one", "open", "closed", "closed", "rejects medium"],
  ["serves another status behind a header", ok, "HTTP/1.1 403 F\r\n\r\n", bad, "rejects high"],
  ["closes whatever comes", "closed", "closed", "closed", "cannot-tell low"],
  ["is silent whatever comes", "open", "open", "open", "cannot-tell low"],
  ["answers anything that begins like a header", "closed", bad, bad, "cannot-tell low"],
  ["greets with an id that changes", "220 a 12-x\r\n", "220 a 13-y\r\n", "closed", "understands high"],
  [
    "greets, and then complains",
    "220 a 1\r\n",
    "220 a 2\r\n500 what\r\n",
    "220 a 3\r\n500 what\r\n",
    "rejects high",
  ],
];

const asTls = (one: Tried): Tried => ({ ...one, attempt: { ...one.attempt, payload: "tls" } });

describe("judgeVersion()", () => {
  for (const [name, bare, behind, broken, expected] of cases) {
    it(`${expected}: a server that ${name}`, () => {
      const { kind, confidence } = judgeVersion(tried(bare, behind, broken), "V1");
      assert.equal(`${kind} ${confidence}`, expected);
    });
  }

  it("believes the payload that tells more", () => {
    const all = [...tried("closed", "closed", "closed"), ...tried("closed", hello, "closed").map(asTls)];
    assert.equal(judgeVersion(all, "V1").kind, "demands");
  });
});
