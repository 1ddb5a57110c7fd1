import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Convergence } from "../../src/fleet/convergence.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import { reachOf } from "../../src/fleet/reach.ts";
import { ack, CDS, close, connect, envoy, nack, send, subscribe } from "./transcript.ts";

function sentTo(id: number) {
  return [...connect(id, envoy(`e${id}`)), subscribe(id, CDS), send(id, CDS, "n", "v")];
}

describe("reachOf() (XDS-146)", () => {
  it("counts every node once: has it, refused it, is not there yet, has no group, is away", () => {
    const fleet = new Fleet({ resourcesOf: () => new Map() });
    const events = [
      ...sentTo(1),
      ack(1, CDS, "n", "v"),
      ...sentTo(2),
      nack(2, CDS, "n", "v", "no"),
      ...sentTo(3),
      ...connect(4, envoy("e4"), 1000, ""),
      ...sentTo(5),
      ack(5, CDS, "n", "v"),
      close(5, 1500),
    ];
    for (const event of events) fleet.apply(event);
    const nodes = fleet.nodes(2000);
    assert.deepEqual(reachOf("r1", nodes), { synced: 1, refused: 1, pending: 1, ungrouped: 1, away: 1 });
    assert.deepEqual(reachOf("r2", nodes), { synced: 0, refused: 1, pending: 2, ungrouped: 1, away: 1 });
  });
});

describe("Convergence", () => {
  it("is the time from the change of the source to the last ACK, once nothing is under way", () => {
    const convergence = new Convergence();
    convergence.begin(1000);
    assert.equal(convergence.mayBeSettled, false);
    convergence.apply(send(1, CDS, "n1", "v"));
    convergence.apply(send(2, CDS, "n1", "v"));
    convergence.apply(ack(1, CDS, "n1", "v", 1100));
    assert.equal(convergence.mayBeSettled, false);
    convergence.apply(ack(2, CDS, "n1", "v", 1250));
    assert.equal(convergence.mayBeSettled, true);
    assert.equal(convergence.settle(), 250);
    assert.equal(convergence.mayBeSettled, false);
  });

  it("does not wait for a client that went, nor count a refusal as acceptance", () => {
    const convergence = new Convergence();
    convergence.begin(1000);
    for (const id of [1, 2, 3]) convergence.apply(send(id, CDS, "n", "v"));
    convergence.apply(ack(1, CDS, "n", "v", 1010));
    convergence.apply(close(2, 1500));
    convergence.apply(nack(3, CDS, "n", "v", "no"));
    assert.equal(convergence.mayBeSettled, true);
    assert.equal(convergence.settle(), 10);
  });

  it("starts anew with a newer revision", () => {
    const convergence = new Convergence();
    convergence.begin(1000);
    convergence.apply(ack(1, CDS, "a", "v", 1010));
    convergence.begin(2000);
    assert.equal(convergence.mayBeSettled, false);
    assert.equal(convergence.settle(), undefined);
  });
});
