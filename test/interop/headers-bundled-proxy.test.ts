import { describe } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { headerTests } from "./headers.ts";

describe("the bundled data plane between HAProxy and nginx", { concurrency: 2 }, () => {
  headerTests(startBundledProxy);
});
