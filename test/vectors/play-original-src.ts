import { describe } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { missingPartOf, needsForeignSources } from "./missing-parts.ts";
import { vectorTests } from "./suite.ts";

// Run by original-src.test.ts, in a network namespace that allows what these vectors need.
for (const direction of ["receive", "http", "pool"] as const) {
  describe(`the bundled data plane on the ${direction} vectors with original_src`, () => {
    vectorTests(
      direction,
      startBundledProxy,
      (vector) => needsForeignSources(vector) && missingPartOf(vector) === undefined,
    );
  });
}
