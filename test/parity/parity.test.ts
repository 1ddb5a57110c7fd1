import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { needs } from "../kit/peers.ts";
import { loadScenes } from "./load-scenes.ts";
import { isExplained, playSceneAgain, type PlayedCase } from "./play.ts";
import { readPurposeful } from "./purposeful.ts";
import { caseText, stale } from "./report.ts";

const scenes = await loadScenes();
const purposeful = readPurposeful();

/** Scenes wait more than they work. */
const concurrency = 3;

describe(
  "The bundled data plane and Envoy on the same bootstrap and traffic",
  { ...needs("envoy"), concurrency },
  () => {
    const played: PlayedCase[] = [];

    for (const scene of scenes) {
      describe(`${scene.area}: ${scene.name}`, () => {
        let cases: readonly PlayedCase[] = [];
        before(async () => {
          cases = await playSceneAgain(scene, purposeful, 3);
        });
        after(() => {
          played.push(...cases);
        });

        for (const [index, name] of scene.caseNames.entries()) {
          it(name, () => {
            const one = cases[index]!;
            assert.ok(isExplained(one), caseText(one));
          });
        }
      });
    }

    it("differ in everything that docs/parity.md says, so that its list stays true", () => {
      assert.deepEqual(
        stale(played, purposeful).map(({ id, where }) => `${id} at ${where}`),
        [],
      );
    });
  },
);
