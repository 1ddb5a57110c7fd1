import { until } from "../kit/within.ts";
import { CLUSTER } from "./bootstrap.ts";
import type { ProxyAdmin } from "./subject.ts";

export type Counters = ReadonlyMap<string, number>;

const WATCHED = "proxy_proto|proxyprotocol|^listener\\.|^cluster\\.";
const ALWAYS_COMPARED = /proxy_proto|proxyprotocol/;

/** All counters that vectors speak of, by the vectors' names: `listener.` and `cluster.` stand for the only ones there are. */
export async function readCounters(admin: ProxyAdmin): Promise<Counters> {
  const stats = await admin.stats(WATCHED);
  return new Map([...stats].map(([name, value]) => [shortName(name), value]));
}

function shortName(name: string): string {
  return name
    .replace(/^listener\.(?!admin\.)[^:]*?_\d+\./, "listener.")
    .replace(new RegExp(`^cluster\\.${CLUSTER}\\.`), "cluster.");
}

/** Waits until no connection of an earlier vector is being handled any more, so that its end does not count for the next. */
export async function quiet(admin: ProxyAdmin): Promise<Counters> {
  return until(5000, "earlier connections are gone", async () => {
    const counters = await readCounters(admin);
    const active = ["listener.downstream_cx_active", "listener.downstream_pre_cx_active"];
    return active.every((name) => (counters.get(name) ?? 0) === 0) ? counters : undefined;
  });
}

/**
 * Fails unless the counters have risen by exactly `expected` since `before`: all whose name is about the PROXY protocol, and the
 * other ones that are named.
 */
export async function assertCounted(
  admin: ProxyAdmin,
  before: Counters,
  expected: Readonly<Record<string, number>>,
): Promise<void> {
  let risen: Readonly<Record<string, number>> = {};
  // A connection's end reaches us before the proxy has counted it.
  await until(
    10_000,
    () => `the counters rise by ${JSON.stringify(expected)}; they rose by ${JSON.stringify(risen)}`,
    async () => {
      risen = await difference(admin, before, expected);
      return sameCounts(risen, expected) || undefined;
    },
  );
}

async function difference(
  admin: ProxyAdmin,
  before: Counters,
  expected: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const risen: Record<string, number> = {};
  for (const [name, value] of await readCounters(admin)) {
    const by = value - (before.get(name) ?? 0);
    if (by !== 0 && (ALWAYS_COMPARED.test(name) || name in expected)) risen[name] = by;
  }
  return risen;
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
