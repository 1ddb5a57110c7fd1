import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { JsonValue } from "../kit/json.ts";
import { differences, type Difference } from "./compare.ts";
import { concerns, type ParityPage, type Purposeful } from "./purposeful.ts";
import type { Scene, StartPlane } from "./scene.ts";

/** How a case came out. */
export type Verdict =
  | { readonly kind: "same" }
  | {
      readonly kind: "on-purpose";
      readonly ids: readonly string[];
      readonly differences: readonly Difference[];
    }
  | { readonly kind: "differs"; readonly differences: readonly Difference[] }
  /** Envoy itself could not be played, or the case says nothing. */
  | { readonly kind: "broken"; readonly reason: string };

export interface PlayedCase {
  readonly area: string;
  /** `area / scene / case`. */
  readonly title: string;
  readonly verdict: Verdict;
}

/** An outcome, or why there is none. */
type Outcome = { readonly value: JsonValue } | { readonly failure: string };

const planes: Readonly<Record<"envoy" | "bundled", StartPlane>> = {
  envoy: async (bootstrap, args) =>
    // Logs are written at once, so that no case has to wait for them.
    startEnvoy(bootstrap, { args: ["--file-flush-interval-msec", "10", ...args] }),
  bundled: async (bootstrap, args) => startBundledProxy(bootstrap, { args }),
};

/** The last case of every scene: what all that was played has moved. */
const everythingCounted = "counters and gauges in the end";

/** The names of what is compared of a scene, in order. */
export function comparedNames(scene: Scene): readonly string[] {
  return [...scene.caseNames, everythingCounted];
}

/**
 * Plays a scene on both planes at once and compares, case by case. `isWanted` chooses cases by title; the counters in the end are those
 * of the cases that were chosen.
 */
export async function playScene(
  scene: Scene,
  page: ParityPage,
  isWanted: (title: string) => boolean = () => true,
): Promise<readonly PlayedCase[]> {
  const titleOf = (name: string) => `${scene.area} / ${scene.name} / ${name}`;
  const names = comparedNames(scene).filter((name) => isWanted(titleOf(name)));
  if (names.length === 0) return [];
  const [envoy, bundled] = await Promise.all([
    playOn(planes.envoy, scene, names, page),
    playOn(planes.bundled, scene, names, page),
  ]);
  return names.map((name, index) => ({
    area: scene.area,
    title: titleOf(name),
    verdict: judge(titleOf(name), envoy[index]!, bundled[index]!, page.purposeful),
  }));
}

/**
 * As `playScene`, where a busy machine may move timers: a scene with a difference that nothing explains is played again, at most
 * `tries` times in all, and what was explained once counts.
 */
export async function playSceneAgain(
  scene: Scene,
  page: ParityPage,
  tries: number,
): Promise<readonly PlayedCase[]> {
  let played = await playScene(scene, page);
  for (let left = tries - 1; left > 0 && !played.every(isExplained); left -= 1) {
    const again = await playScene(scene, page);
    played = played.map((one, index) => (isExplained(one) ? one : again[index]!));
  }
  return played;
}

/** Nothing is to be done about it. */
export function isExplained({ verdict: { kind } }: PlayedCase): boolean {
  return kind === "same" || kind === "on-purpose";
}

async function playOn(
  start: StartPlane,
  scene: Scene,
  names: readonly string[],
  page: ParityPage,
): Promise<readonly Outcome[]> {
  try {
    await using open = await scene.open(start);
    const outcomes: Outcome[] = [];
    for (const name of names) {
      try {
        const value =
          name === everythingCounted
            ? await open.counted((stat) => page.isLeftOut(stat))
            : await open.play(name);
        outcomes.push({ value });
      } catch (error) {
        outcomes.push({ failure: String(error) });
      }
    }
    return outcomes;
  } catch (error) {
    return names.map(() => ({ failure: `does not start: ${String(error)}` }));
  }
}

function judge(title: string, envoy: Outcome, bundled: Outcome, purposeful: readonly Purposeful[]): Verdict {
  if ("failure" in envoy) return { kind: "broken", reason: `Envoy: ${envoy.failure}` };
  if (isEmpty(envoy.value)) return { kind: "broken", reason: "the outcome says nothing" };
  const found =
    "failure" in bundled
      ? [{ path: "", envoy: envoy.value, bundled: `failed: ${bundled.failure}` }]
      : differences(envoy.value, bundled.value);
  if (found.length === 0) return { kind: "same" };
  const reasons = found.map(({ path }) => purposeful.find((row) => concerns(row, title, path))?.id);
  const ids = reasons.filter((id) => id !== undefined);
  if (ids.length < found.length) {
    return { kind: "differs", differences: found.filter((_, index) => reasons[index] === undefined) };
  }
  return { kind: "on-purpose", ids: [...new Set(ids)], differences: found };
}

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
