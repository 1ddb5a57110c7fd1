import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { HttpLoad, type LoadResult, startPlainBackend } from "../kit/http-load.ts";
import type { JsonObject } from "../kit/json.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { soakConfig, type SoakPorts, soakRoutes } from "./config.ts";
import { TcpLoad } from "./tcp-load.ts";
import { startEchoUpstream, startFaultyUpstream } from "./upstreams.ts";

export interface SoakOptions {
  readonly start: (bootstrap: JsonObject) => Promise<ProxyProcess>;
  readonly seconds: number;
  /** Good requests a second. */
  readonly rate: number;
  readonly onSample: (sample: Sample) => void;
}

/** A look at the proxy from outside. */
export interface Sample {
  readonly second: number;
  readonly residentMiB: number;
  readonly descriptors: number;
}

export interface SoakResult {
  /** Requests to an upstream that always answers: every failure is one too many. */
  readonly good: LoadResult;
  /** Requests to an upstream that stalls, resets and closes half. */
  readonly faulty: LoadResult;
  readonly tcp: { readonly whole: number; readonly cut: number };
  readonly samples: readonly Sample[];
  /** Before the first request, and when all connections are gone. */
  readonly descriptors: readonly [before: number, after: number];
  /** Configurations that were served. */
  readonly changes: number;
}

/** How long after the load idle upstream connections and drained listeners may take to go. */
const settleMs = 20_000;

/** Half load, faults and a new configuration every second. The configuration comes from our own control plane. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  await using plain = await startPlainBackend();
  await using faultyUpstream = await startFaultyUpstream();
  await using echo = await startEchoUpstream();
  const ports: SoakPorts = {
    http: await freePort(),
    faulty: await freePort(),
    tcp: await freePort(),
    extra: await freePort(),
    plainUpstream: plain.port,
    faultyUpstream: faultyUpstream.port,
    echoUpstream: echo.port,
  };
  const filesAt = (tick: number) => ({
    "resources.yaml": `${soakConfig(ports, tick)}${soakRoutes(tick)}`,
  });
  using folder = servedFolder(filesAt(0));
  await using server = new ServeProcess(folder.path, folder.state);
  const { address } = await server.said("xDS is served");
  const xds = { port: Number(String(address).split(":").at(-1)) };
  await using proxy = await options.start(adsBootstrap(xds, "delta"));
  const { pid } = proxy.child;
  const before = descriptorsOf(pid);
  const good = new HttpLoad(ports.http, { rate: options.rate, connections: 64 });
  const faulty = new HttpLoad(ports.faulty, { rate: Math.ceil(options.rate / 40), connections: 64 });
  const tcp = new TcpLoad(ports.tcp, 20);
  const samples: Sample[] = [];
  const startedAtMs = performance.now();
  let tick = 0;
  while (performance.now() - startedAtMs < options.seconds * 1_000) {
    await setTimeout(1_000);
    tick += 1;
    for (const [name, text] of Object.entries(filesAt(tick))) folder.write(name, text);
    if (tick % 10 !== 0) continue;
    const second = Math.round((performance.now() - startedAtMs) / 1_000);
    const sample = { second, residentMiB: residentMiB(pid), descriptors: descriptorsOf(pid) };
    samples.push(sample);
    options.onSample(sample);
  }
  const [goodResult, faultyResult] = await Promise.all([good.stop(), faulty.stop(), tcp.stop()]);
  let active: ReadonlyMap<string, number> = new Map();
  await until(
    settleMs,
    () => `no connection of a client is left: ${JSON.stringify([...active])}`,
    async () => {
      active = await proxy.admin.stats("^http\\..*downstream_(cx|rq)_active");
      return [...active.values()].every((value) => value === 0) || undefined;
    },
  );
  return {
    good: goodResult,
    faulty: faultyResult,
    tcp: { whole: tcp.whole, cut: tcp.cut },
    samples,
    descriptors: [before, descriptorsOf(pid)],
    changes: tick,
  };
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}
