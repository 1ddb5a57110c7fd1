import type { Attempt, HeaderVersion, Observation, Payload, Tried } from "./attempt.ts";
import { judgeTogether, judgeVersion, overall, type VersionVerdict } from "./judge.ts";
import { fitOf, isAnswer, isSameReply, replyOf } from "./reply.ts";

export interface ProbeOptions {
  readonly versions: readonly HeaderVersion[];
  /** What the upstream speaks, where that is known; empty: found out. */
  readonly payloads: readonly ("http" | "tls")[];
}

/** What a probe found out. */
export interface ProbeResult {
  readonly overall: VersionVerdict;
  readonly versions: readonly VersionVerdict[];
  /** Every connection in the order in which it was opened. */
  readonly tried: readonly Tried[];
  /** False when a header that names nobody is taken and one with addresses is not; absent when none was tried. */
  readonly takesAddresses?: boolean;
}

/**
 * Probes an upstream by `attempt`, which opens one connection. Connections of one step run side by side:
 *
 * 1. Nothing is said, to hear a banner.
 * 2. Without a banner: each payload without a header, to learn what the upstream speaks.
 * 3. For each version: a header that names nobody and a broken one, before the payload that fits.
 * 4. For a version that is understood: a header with the connection's own addresses.
 */
export async function runProbe(
  { versions, payloads }: ProbeOptions,
  attempt: (attempt: Attempt) => Promise<Observation>,
): Promise<ProbeResult> {
  const tried: Tried[] = [];
  const tryAll = async (attempts: readonly Attempt[]) => {
    const observations = await Promise.all(attempts.map(attempt));
    tried.push(...attempts.map((one, index) => ({ attempt: one, observation: observations[index]! })));
  };
  await tryAll([{ header: "none", payload: "nothing" }]);
  const [banner] = tried.map(({ observation }) => replyOf(observation));
  let fitting: readonly Payload[] = ["nothing"];
  if (banner && !isAnswer(banner) && banner.kind !== "no-connection") {
    const candidates = payloads.length > 0 ? payloads : (["http", "tls"] as const);
    await tryAll(candidates.map((payload) => ({ header: "none", payload })));
    fitting = payloadsThatFit(tried, candidates);
  }
  if (banner?.kind !== "no-connection") {
    await tryAll(
      versions.flatMap((version) =>
        fitting.flatMap((payload) => [
          { header: "local", version, payload } as const,
          { header: "broken", version, payload } as const,
        ]),
      ),
    );
  }
  const verdicts = judgeTogether(
    versions.map((version) => judgeVersion(tried, version)),
    tried,
  );
  const result = { overall: overall(verdicts), versions: verdicts, tried };
  const { kind, version } = result.overall;
  if (kind !== "demands" && kind !== "understands") return result;
  const answered = tried.filter(({ attempt: { header } }) => header === "local").toSorted(byFit)[0]!;
  const { payload } = answered.attempt;
  await tryAll([{ header: "own", version, payload }]);
  const own = replyOf(tried.at(-1)!.observation);
  const local = tried.find(
    ({ attempt: one }) => one.header === "local" && one.version === version && one.payload === payload,
  )!;
  return { ...result, takesAddresses: isSameReply(own, replyOf(local.observation)) };
}

/** The payload that the upstream answers best by itself; all of them when it answers none. */
function payloadsThatFit(tried: readonly Tried[], candidates: readonly Payload[]): readonly Payload[] {
  const [best] = tried.filter(({ attempt }) => candidates.includes(attempt.payload)).toSorted(byFit);
  return best && fitOf(replyOf(best.observation)) > 0 ? [best.attempt.payload] : candidates;
}

function byFit(a: Tried, b: Tried): number {
  return fitOf(replyOf(b.observation)) - fitOf(replyOf(a.observation));
}
