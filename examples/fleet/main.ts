import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlPlaneProcess } from "./control-plane.ts";
import { findEnvoy, startProxies } from "./proxies.ts";
import { Repository } from "./repository.ts";
import { SimulatedNodes } from "./simulated-nodes.ts";
import { tellStory } from "./story.ts";

const proxyCount = 5;
const simulatedCount = 200;

/**
 * The fleet demo: a control plane on a git repository, five proxies and 200 simulated nodes, and what becomes of three
 * commits. Exits 0 when each ended as it should. Without an Envoy, or with `--bundled`, the proxies are Chancery's own.
 */
async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-fleet-"));
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const envoy = process.argv.includes("--bundled") ? undefined : findEnvoy(process.env);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  try {
    const repository = await Repository.create(join(folder, "repository"));
    await using plane = await ControlPlaneProcess.start(repository.url, join(folder, "state"), stop.signal);
    say(
      `${proxyCount} ${envoy ? "real Envoys" : "bundled proxies"} and ${simulatedCount} simulated nodes follow ${repository.url}`,
    );
    await using proxies = await startProxies({
      count: proxyCount,
      envoy,
      plane,
      folder,
      signal: stop.signal,
    });
    using nodes = new SimulatedNodes(simulatedCount, plane.xdsAddress);
    const isGood = await tellStory({ plane, repository, proxies, nodes, say, signal: stop.signal });
    return isGood ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
