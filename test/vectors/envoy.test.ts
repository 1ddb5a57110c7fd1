import { describe } from "node:test";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { ownVectorTests, vectorTests } from "./suite.ts";

/** Groups that run side by side: they mostly wait, so more than there are cores. */
const concurrency = 6;

for (const direction of ["receive", "send", "http", "pool", "health", "load"] as const) {
  describe(`Envoy on the ${direction} vectors`, { concurrency, ...needs("envoy") }, () => {
    vectorTests(direction, startEnvoy);
  });
}

describe("Envoy on send vectors of our own", { concurrency, ...needs("envoy") }, () => {
  ownVectorTests(startEnvoy);
});
