import type { AdminClient } from "../kit/admin-client.ts";
import { pause } from "../kit/within.ts";

/** How long counters may go on moving behind the last case, until what they say then is taken. */
const mostMs = 3000;
/** How long all of them keep their values when they rest. */
const restMs = 150;

/** Every counter and gauge that is neither zero nor `leftOut`, by name, once none has moved for a while. */
export async function restingCounts(
  admin: AdminClient,
  leftOut: (name: string) => boolean,
): Promise<Readonly<Record<string, number>>> {
  const deadline = performance.now() + mostMs;
  let last = "";
  for (;;) {
    const stats = [...(await admin.stats())].filter(([name, value]) => value !== 0 && !leftOut(name));
    const text = JSON.stringify(stats);
    if (text === last || performance.now() > deadline) return Object.fromEntries(stats);
    last = text;
    await pause(restMs);
  }
}
