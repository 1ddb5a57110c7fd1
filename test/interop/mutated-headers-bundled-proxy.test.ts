import { describe } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { mutatedHeaderTests } from "./mutated-headers.ts";

describe("the bundled data plane on mutated headers", { concurrency: 5 }, () => {
  mutatedHeaderTests(startBundledProxy);
});
