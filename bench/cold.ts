import { ServedFolder } from "./kit/chancery-serve.ts";
import { buildXdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";

const clusters = 1000;
const scenario = `${clusters} resources, cold`;
const metric = "process started to first ACK";
const limitMs = 1000;

export const coldMarks: readonly Mark[] = [
  { scenario, metric, ours: "chancery", theirs: "limit", bound: { atMost: 1 } },
];

/**
 * From the start of `chancery serve` over a folder of a file for each cluster, with no state of a run before, to the ACK of a
 * client that has been given all of them. What stands beside it is a server that was compiled with its resources.
 */
export async function runCold(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const gcp = bench.contestants.find(({ name }) => name === "go-control-plane")!;
  const times = { chancery: [] as number[], "go-control-plane": [] as number[] };
  const firstAck = async (port: string, startMs: number) => {
    await using client = bench.startFleet(port, { streams: 1, mode: "delta" });
    await client.expect("ready");
    return performance.now() - startMs;
  };
  for (let round = 1; round <= rounds; round += 1) {
    await using folder = new ServedFolder();
    for (let index = 0; index < clusters; index += 1) {
      const name = `cluster-${String(index).padStart(5, "0")}`;
      const endpoint = "{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}";
      folder.write(
        `${name}.yaml`,
        `clusters:\n- name: ${name}\n  connect_timeout: 0.25s\n  type: static\n  load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [${endpoint}]}]}\n`,
      );
    }
    const startMs = performance.now();
    times.chancery.push(await firstAck(await folder.start(), startMs));
    const peerStartMs = performance.now();
    await using peer = gcp.start({ clusters });
    const [port = ""] = await peer.expect("listening");
    times["go-control-plane"].push(await firstAck(port, peerStartMs));
    log(`${scenario}: round ${round} of ${rounds}: ${times.chancery.at(-1)?.toFixed(0)} ms`);
  }
  const figures = Object.entries({ ...times, limit: [limitMs] });
  return figures.map(([contestant, values]) => {
    return { scenario, contestant, metric, unit: "ms", value: median(values), rounds: values };
  });
}
