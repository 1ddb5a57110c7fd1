import { describe } from "node:test";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { headerTests } from "./headers.ts";

describe("Envoy between HAProxy and nginx", { concurrency: 4, ...needs("envoy") }, () => {
  headerTests(startEnvoy);
});
