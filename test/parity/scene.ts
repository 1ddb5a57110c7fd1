import type { JsonObject, JsonValue } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { restingCounts } from "./resting-counts.ts";
import { startRig, type More, type Rig } from "./rig.ts";
import { Stage } from "./stage.ts";

/**
 * One bootstrap and what is tried on it, played on Envoy and on the bundled data plane, whose outcomes must be equal.
 *
 * To write scenes, make `scenes/<area>.ts` that exports `scenes`, a list of `scene({…})`; nothing has to be registered. Each plane gets
 * a rig of its own (the upstreams: `rig.http` reports the requests it gets, `rig.tcp` does what a case tells it, `rig.dead` refuses;
 * `sceneWith` starts others), then the bootstrap (`bootstrap.ts` has its usual pieces; listeners on port 0), then the cases one after
 * another. A case does something with `stage` and returns what came of it as plain JSON: lines received, who closed and how, counters
 * that moved, lines of a log. It must say something, must not throw, and is best told by what a person would look at.
 *
 * - `stage.exchange(bytes)`: sends HTTP/1 as written, gives the lines of the answers and the connection's ending.
 * - `stage.connect(listener)`: a raw client. `stage.upstream(rig.tcp)`: the connection that reached the upstream in this case.
 * - `stage.counted(pattern, act)`: counters and gauges that `act` changed, once they rest.
 * - `stage.logLines(file, count)`: lines that a file log (at `rig.file(name)`) has got in this case.
 * - `stage.admin`, `stage.proxy`: everything else. `about(ms, expected)`: a duration, to be compared with tolerance.
 *
 * Behind its cases, each scene compares all counters and gauges of the two planes by itself.
 *
 * Ports, dates, ids and service times are named or blanked before comparison (`normalise.ts`); a case need not do it. What differs on
 * purpose is a row of docs/parity.md. Aim at less than a second a scene: put many cases into one, since starting two planes is what
 * takes time. `npm run parity -- --only PATTERN` plays those whose `area / scene / case` contains the pattern.
 */
export interface Scene {
  /** The part of the proxy that it is about, the table's first column: `addresses`, `tcp`. */
  readonly area: string;
  readonly name: string;
  /** In the order they are played. */
  readonly caseNames: readonly string[];
  /** Starts the upstreams and, by `start`, a plane; it is over when what it gives is disposed of. */
  open(start: StartPlane): Promise<OpenScene>;
}

/** Starts one of the planes on a bootstrap. `args`: more arguments, which both planes take. */
export type StartPlane = (bootstrap: JsonObject, args: readonly string[]) => Promise<ProxyProcess>;

/** A scene that is set on one plane. */
export interface OpenScene extends AsyncDisposable {
  play(caseName: string): Promise<JsonValue>;
  /** Every counter and gauge that is not zero, once they rest, but for those that are `leftOut`. */
  counted(leftOut: (name: string) => boolean): Promise<JsonValue>;
}

interface SceneDefinition<M extends More> {
  readonly area: string;
  readonly name: string;
  readonly bootstrap: (rig: Rig<M>) => JsonObject;
  /** By name, which is the claim: `skip_xff_append leaves the header alone`. */
  readonly cases: Readonly<Record<string, (stage: Stage, rig: Rig<M>) => Promise<JsonValue>>>;
  readonly args?: readonly string[];
  /** Counters and gauges that chance or time moves in this scene: they are not compared in the end. Its cases say why. */
  readonly varying?: RegExp;
}

/** A scene with the usual upstreams. */
export function scene(definition: SceneDefinition<More>): Scene {
  return sceneWith(async () => ({}), definition);
}

/** A scene with upstreams, certificates or servers of its own, which `rig.more` has. `start` is called once for each plane. */
export function sceneWith<M extends More>(start: () => Promise<M>, definition: SceneDefinition<M>): Scene {
  const { area, name, cases } = definition;
  return {
    area,
    name,
    caseNames: Object.keys(cases),
    async open(startPlane) {
      const rig = await startRig(start);
      try {
        const proxy = await startPlane(definition.bootstrap(rig), definition.args ?? []);
        return {
          async play(caseName) {
            await using stage = new Stage(proxy, rig);
            return stage.settled(await cases[caseName]!(stage, rig));
          },
          counted: async (leftOut) => {
            const isLeftOut = (stat: string) => leftOut(stat) || definition.varying?.test(stat) === true;
            await using stage = new Stage(proxy, rig);
            return stage.settled(await restingCounts(proxy.admin, isLeftOut));
          },
          async [Symbol.asyncDispose]() {
            await proxy[Symbol.asyncDispose]();
            await rig[Symbol.asyncDispose]();
          },
        };
      } catch (error) {
        await rig[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}
