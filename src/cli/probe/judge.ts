import type { HeaderVersion, Payload, Tried } from "./attempt.ts";
import { describeReply, isAnswer, isSameReply, type Reply, replyOf } from "./reply.ts";

/**
 * What an upstream makes of a header.
 *
 * - `demands`: it reads the header, and serves nobody without one.
 * - `understands`: it serves with and without a header.
 * - `ignores`: the header does not disturb it, and reaches it as data.
 * - `rejects`: it serves without a header, and not with one.
 * - `cannot-tell`: it did the same in every case.
 */
export type VerdictKind = "demands" | "understands" | "ignores" | "rejects" | "cannot-tell";

export interface Verdict {
  readonly kind: VerdictKind;
  readonly confidence: "high" | "medium" | "low";
  /** Why, as one sentence. */
  readonly because: string;
}

export interface VersionVerdict extends Verdict {
  readonly version: HeaderVersion;
}

/** What a server said to one payload: by itself, behind a header, behind a broken one. */
interface Replies {
  readonly bare: Reply;
  readonly behind: Reply;
  readonly broken: Reply;
}

/** What a server makes of one version, from what it said to every payload that was tried with it. */
export function judgeVersion(tried: readonly Tried[], version: HeaderVersion): VersionVerdict {
  const payloads = new Set(tried.map(({ attempt }) => attempt.payload));
  const verdicts = [...payloads].flatMap((payload) => {
    const replies = repliesTo(tried, version, payload);
    return replies ? [judge(replies)] : [];
  });
  const [best = undecided("no connection told anything")] = verdicts.toSorted(
    (a, b) => weight(b) - weight(a),
  );
  return { version, ...best };
}

/** What holds over the versions: a server that wants one of them may well refuse the other. */
export function judgeTogether(
  verdicts: readonly VersionVerdict[],
  tried: readonly Tried[],
): readonly VersionVerdict[] {
  const known = verdicts.find(({ kind }) => kind === "demands" || kind === "understands");
  if (!known) return verdicts;
  return verdicts.map((verdict) => {
    const isClosed = tried.some(
      ({ attempt, observation }) =>
        attempt.header === "local" &&
        attempt.version === verdict.version &&
        replyOf(observation).kind === "closed",
    );
    if (verdict.kind !== "cannot-tell" || !isClosed) return verdict;
    const because = `it takes a ${known.version} header and closes behind a ${verdict.version} one`;
    return { ...verdict, kind: "rejects", confidence: "medium", because };
  });
}

/** The one that says most: what the upstream can do at all. */
export function overall(verdicts: readonly VersionVerdict[]): VersionVerdict {
  const [first, ...rest] = verdicts;
  if (!first) throw new RangeError("a probe is of one version at least");
  return rest.reduce((best, other) => (weight(other) > weight(best) ? other : best), first);
}

const kindWeight: Readonly<Record<VerdictKind, number>> = {
  demands: 40,
  understands: 30,
  ignores: 20,
  rejects: 10,
  "cannot-tell": 0,
};
const confidenceWeight = { high: 3, medium: 2, low: 1 } as const;

function weight({ kind, confidence }: Verdict): number {
  return kindWeight[kind] + confidenceWeight[confidence];
}

function repliesTo(tried: readonly Tried[], version: HeaderVersion, payload: Payload): Replies | undefined {
  const replyTo = (header: "none" | "local" | "broken") => {
    const found = tried.find(
      ({ attempt }) =>
        attempt.header === header &&
        attempt.payload === payload &&
        (attempt.header === "none" || attempt.version === version),
    );
    return found && replyOf(found.observation);
  };
  const [bare, behind, broken] = [replyTo("none"), replyTo("local"), replyTo("broken")];
  return bare && behind && broken ? { bare, behind, broken } : undefined;
}

function judge({ bare, behind, broken }: Replies): Verdict {
  if (behind.kind === "no-connection" || bare.kind === "no-connection") {
    return undecided("connections failed in between");
  }
  if (behind.kind === "echo" && behind.hasHeader)
    return sure("ignores", "it sends the header back: to it that is data");
  if (isAnswer(bare)) return judgeServing({ bare, behind, broken });
  return bare.kind === "closed" ? judgeClosing({ behind, broken }) : judgeSilent({ behind, broken });
}

/** A server that answers the payload by itself. */
function judgeServing({ bare, behind, broken }: Replies): Verdict {
  const [without, withHeader] = [describeReply(bare), describeReply(behind)];
  if (isSameReply(bare, behind)) {
    if (isSameReply(bare, broken)) {
      return likely("ignores", `it answers alike (${without}) without, with, and with a broken header`);
    }
    const refusal = describeReply(broken);
    return sure(
      "understands",
      `it answers alike (${without}) without and with a header, and a broken one: ${refusal}`,
    );
  }
  // Silence may be an answer that takes longer than the wait; any other difference is the header's doing.
  const because = `without a header: ${without}; with one: ${withHeader}`;
  return behind.kind === "silence" ? likely("rejects", because) : sure("rejects", because);
}

/** A server that closes on a payload without a header. */
function judgeClosing({ behind, broken }: Omit<Replies, "bare">): Verdict {
  if (isAnswer(behind)) {
    if (isSameReply(behind, broken)) return undecided("it answers anything that begins like a header");
    return sure("demands", `without a header it closes; with one: ${describeReply(behind)}`);
  }
  if (behind.kind === "silence" && broken.kind === "closed") {
    return likely(
      "demands",
      "it closes without a header and behind a broken one, and reads on behind a right one",
    );
  }
  return undecided("it closes with and without a header");
}

/** A server that says nothing to a payload without a header. */
function judgeSilent({ behind, broken }: Omit<Replies, "bare">): Verdict {
  if (isAnswer(behind)) {
    if (isSameReply(behind, broken)) return undecided("it answers anything that begins like a header");
    return likely("demands", `without a header it is silent; with one: ${describeReply(behind)}`);
  }
  if (behind.kind === "closed") return likely("rejects", "it waits without a header, and closes behind one");
  if (broken.kind === "closed") {
    return likely("understands", "it waits without a header and behind one, and closes behind a broken one");
  }
  return undecided("it is silent with and without a header");
}

function sure(kind: VerdictKind, because: string): Verdict {
  return { kind, confidence: "high", because };
}

function likely(kind: VerdictKind, because: string): Verdict {
  return { kind, confidence: "medium", because };
}

function undecided(because: string): Verdict {
  return { kind: "cannot-tell", confidence: "low", because };
}
