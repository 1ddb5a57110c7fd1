import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { needs } from "../kit/peers.ts";
import { loadScenes } from "./load-scenes.ts";
import { comparedNames, isExplained, playSceneAgain, type PlayedCase } from "./play.ts";
import { readParityPage } from "./purposeful.ts";
import { caseText, stale } from "./report.ts";

const scenes = await loadScenes();
const page = readParityPage();

/** Scenes wait more than they work. */
const concurrency = 3;

describe("The bundled data plane and Envoy on the same bootstrap and traffic", needs("envoy"), () => {
  const played: PlayedCase[] = [];

  describe("do the same", { concurrency }, () => {
    for (const scene of scenes) {
      describe(`${scene.area}: ${scene.name}`, () => {
        let cases: readonly PlayedCase[] = [];
        before(async () => {
          cases = await playSceneAgain(scene, page, 3);
        });
        after(() => {
          played.push(...cases);
        });

        for (const [index, name] of comparedNames(scene).entries()) {
          it(name, () => {
            const one = cases[index]!;
            assert.ok(isExplained(one), caseText(one));
          });
        }
      });
    }
  });

  // Behind all scenes, those that are played beside others too.
  it("differ in everything that docs/parity.md says, so that its list stays true", () => {
    assert.deepEqual(
      stale(played, page.purposeful).map(({ id, where }) => `${id} at ${where}`),
      [],
    );
  });
});
