import { it } from "node:test";
import { startRecordingBackend, type RecordingBackend } from "../kit/recording-backend.ts";
import { needsNetAdmin } from "../kit/capabilities.ts";
import { bootstrapOf, sceneOf } from "./bootstrap.ts";
import type { Bench } from "./bench.ts";
import { startHttpBackend, type HttpBackend } from "./http-backend.ts";
import { ownSendVectors } from "./own-send-vectors.ts";
import { runHealth } from "./run-health.ts";
import { runHttp } from "./run-http.ts";
import { runLoad } from "./run-load.ts";
import { runPool } from "./run-pool.ts";
import { runReceive } from "./run-receive.ts";
import { runSend } from "./run-send.ts";
import type { StartProxy } from "./subject.ts";
import { vectorsOf, type Direction, type Vector } from "./vectors.ts";

/** Vectors that take turns on one proxy: enough to make its start cheap, few enough to run several groups side by side. */
const GROUP_SIZE = 24;

/**
 * The tests of the vectors of one direction, all of them unless `isPlayed` says no. Those with the same bootstrap share a proxy, one
 * after the other.
 */
export function vectorTests(
  direction: Direction,
  start: StartProxy,
  isPlayed: (vector: Vector) => boolean = () => true,
): void {
  switch (direction) {
    case "receive":
      return groupTests(vectorsOf(direction).filter(isPlayed), start, plainBench, runReceive);
    case "send":
      return groupTests(vectorsOf(direction).filter(isPlayed), start, plainBench, runSend);
    case "http":
      return groupTests(vectorsOf(direction).filter(isPlayed), start, httpBench, (vector, bench) => runHttp(vector, bench, bench.http));
    case "pool":
      return groupTests(vectorsOf(direction).filter(isPlayed), start, httpBench, (vector, bench) => runPool(vector, bench, bench.http));
    case "health":
      for (const vector of vectorsOf(direction).filter(isPlayed)) {
        it(`${vector.rule} ${vector.id}`, async () => {
          await using bench = await plainBench(vector, start);
          await runHealth(vector, bench);
        });
      }
      return;
    case "load":
      for (const vector of vectorsOf(direction).filter(isPlayed)) {
        it(`${vector.rule} ${vector.id}`, async () => runLoad(vector, start));
      }
  }
}

/** The tests of our own send vectors. */
export function ownVectorTests(start: StartProxy): void {
  groupTests(ownSendVectors, start, plainBench, runSend);
}

function groupTests<V extends Exclude<Vector, { direction: "load" }>, B extends Bench & AsyncDisposable>(
  vectors: readonly V[],
  start: StartProxy,
  makeBench: (vector: V, start: StartProxy) => Promise<B>,
  run: (vector: V, bench: B) => Promise<void>,
): void {
  for (const group of groupsOf(vectors)) {
    // Vectors of one bootstrap need the same rights.
    const rights = sceneOf(group[0]!).includes("OriginalSrc") ? needsNetAdmin() : {};
    const ids = group.map((vector) => vector.id);
    it(`${group.length} on one proxy: ${ids.slice(0, 4).join(", ")}${ids.length > 4 ? " and more" : ""}`, rights, async (t) => {
      await using bench = await makeBench(group[0]!, start);
      for (const vector of group) {
        await t.test(`${vector.rule} ${vector.id}`, async () => run(vector, bench));
      }
    });
  }
}

/** Vectors of one bootstrap, in groups of at most `GROUP_SIZE`. */
function groupsOf<V extends Vector>(vectors: readonly V[]): readonly (readonly V[])[] {
  const scenes = new Map<string, V[]>();
  for (const vector of vectors) {
    const scene = sceneOf(vector);
    const same = scenes.get(scene) ?? [];
    same.push(vector);
    scenes.set(scene, same);
  }
  return [...scenes.values()].flatMap((same) =>
    Array.from({ length: Math.ceil(same.length / GROUP_SIZE) }, (_, index) =>
      same.slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE),
    ),
  );
}

async function plainBench(vector: Vector, start: StartProxy): Promise<Bench & AsyncDisposable> {
  const backend = await startRecordingBackend();
  return benchOn(backend, backend, vector, start);
}

async function httpBench(vector: Vector, start: StartProxy): Promise<HttpBench> {
  const http = await startHttpBackend();
  return { http, ...(await benchOn(http.backend, http, vector, start)) };
}

interface HttpBench extends Bench, AsyncDisposable {
  readonly http: HttpBackend;
}

async function benchOn(
  backend: RecordingBackend,
  owner: AsyncDisposable,
  vector: Vector,
  start: StartProxy,
): Promise<Bench & AsyncDisposable> {
  try {
    const proxy = await start(bootstrapOf(vector, backend.port));
    const dispose = async (): Promise<void> => {
      await proxy[Symbol.asyncDispose]();
      await owner[Symbol.asyncDispose]();
    };
    return { proxy, backend, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await owner[Symbol.asyncDispose]();
    throw error;
  }
}
