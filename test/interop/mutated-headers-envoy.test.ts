import { describe } from "node:test";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { mutatedHeaderTests } from "./mutated-headers.ts";

describe("Envoy on mutated headers", { concurrency: 5, ...needs("envoy") }, () => {
  mutatedHeaderTests(startEnvoy);
});
