import type { JsonObject } from "../kit/json.ts";
import { startHostFarm, type HostFarm } from "./host-farm.ts";
import type { Stage } from "./stage.ts";

export type Farm = { readonly farm: HostFarm };

/** For `sceneWith`: upstreams that answer with their letters. */
export const startFarm = (names: string) => async (): Promise<Farm> => ({ farm: await startHostFarm(names) });

/** A static cluster of these localities. */
export function farmCluster(
  name: string,
  localities: readonly JsonObject[],
  more: JsonObject = {},
): JsonObject {
  return {
    name,
    connect_timeout: "2s",
    load_assignment: { cluster_name: name, endpoints: [...localities] },
    ...more,
  };
}

/** `GET /<path>` as often as there are headers, on one connection; the letters of the hosts that answered, or statuses in brackets. */
export async function letters(stage: Stage, path: string, headers: readonly string[]): Promise<string> {
  const client = await stage.connect();
  client.write(
    headers
      .map((header) => `GET /${path} HTTP/1.1\r\nhost: a\r\n${header === "" ? "" : `${header}\r\n`}\r\n`)
      .join(""),
  );
  const received = await client.receivedThat(
    (bytes) => bytes.toString("latin1").split("HTTP/1.1 ").length - 1 === headers.length && endsWhole(bytes),
  );
  const answers = received.toString("latin1").split("HTTP/1.1 ").slice(1);
  return answers
    .map((answer) => (answer.startsWith("200") ? answer.trimEnd().slice(-1) : `[${answer.slice(0, 3)}]`))
    .join("");
}

/** The last answer is there with its body. */
function endsWhole(bytes: Buffer): boolean {
  const last = bytes.toString("latin1").split("HTTP/1.1 ").at(-1) ?? "";
  const [head = "", body] = last.split("\r\n\r\n");
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? Number.NaN);
  return body !== undefined && body.length === length;
}

/** Each letter's share in percent, to the nearest multiple of `step`. */
export function shares(answered: string, step: number): JsonObject {
  const counts: Record<string, number> = {};
  for (const letter of answered.split("")) counts[letter] = (counts[letter] ?? 0) + 1;
  const rounded = Object.entries(counts).map(
    ([letter, count]) => [letter, Math.round((100 * count) / answered.length / step) * step] as const,
  );
  return Object.fromEntries(rounded.sort(([a], [b]) => (a < b ? -1 : 1)));
}
