import { parseArgs } from "node:util";
import { findPeer, peerHint } from "../kit/peers.ts";
import { loadScenes } from "./load-scenes.ts";
import { playScene, type PlayedCase } from "./play.ts";
import { readParityPage } from "./purposeful.ts";
import { caseText, count, countsText, stale } from "./report.ts";

/** `sysexits.h`: a service that is needed is not there. */
const EX_UNAVAILABLE = 69;
const EX_USAGE = 64;

const usage = `usage: npm run parity -- [--only PATTERN] [-o table|json]

Plays every scene of test/parity/scenes on Envoy and on the bundled data plane and prints where they differ.

  --only PATTERN   only cases whose "area / scene / case" contains the text
  -o, --output     table (the default) or json

Exit codes: 0 nothing differs without a reason, 1 something does, 64 wrong usage, 69 Envoy is not here.
`;

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return EX_USAGE;
  if (findPeer("envoy") === undefined) {
    process.stderr.write(`${peerHint("envoy")}\n`);
    return EX_UNAVAILABLE;
  }
  const page = readParityPage();
  const isTable = options.output === "table";
  const played: PlayedCase[] = [];
  for (const scene of await loadScenes()) {
    const cases = await playScene(scene, page, (title) => title.includes(options.only));
    played.push(...cases);
    if (isTable) for (const one of cases) print(caseText(one));
  }
  const counts = count(played);
  // A row can only be told to be stale when everything has been played.
  const staleRows = options.only === "" ? stale(played, page.purposeful) : [];
  if (isTable) {
    for (const { id, where } of staleRows)
      print(`STALE       docs/parity.md: ${id}: nothing differs at ${where}`);
    print(`\n${countsText(counts)}`);
  } else {
    print(JSON.stringify({ counts, stale: staleRows, cases: played }, null, 2));
  }
  return counts.differing === 0 && staleRows.length === 0 ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readOptions(): { readonly only: string; readonly output: string } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", default: "" },
        output: { type: "string", short: "o", default: "table" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help && ["table", "json"].includes(values.output)) return values;
    process.stderr.write(usage);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
  return undefined;
}

process.exitCode = await main();
