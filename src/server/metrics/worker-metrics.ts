import { Counter, Gauge, type Registry } from "prom-client";

/** How the workers of `--workers` are. */
export interface WorkersReport {
  /** How often one ended and another took its place. */
  readonly restarts: number;
  /** How many of them were killed because they gave no sign of life. */
  readonly hangs: number;
  readonly workers: readonly {
    /** From 0. */
    readonly index: number;
    readonly isServing: boolean;
    readonly streams: number;
    readonly connections: number;
    readonly cpuSeconds: number;
    readonly residentBytes: number;
  }[];
}

/** Registers what is told of workers. */
export function registerWorkers(registry: Registry, report: () => WorkersReport): void {
  const registers = [registry];
  const count: Gauge = new Gauge({
    name: "chancery_workers",
    help: "Worker processes, by whether they serve",
    labelNames: ["state"],
    registers,
    collect: () => {
      const { workers } = report();
      const serving = workers.filter(({ isServing }) => isServing).length;
      count.set({ state: "serving" }, serving);
      count.set({ state: "starting" }, workers.length - serving);
    },
  });
  const restarts: Counter = new Counter({
    name: "chancery_worker_restarts_total",
    help: "Workers that ended and were started again",
    registers,
    collect: () => {
      restarts.reset();
      restarts.inc(report().restarts);
    },
  });
  const hangs: Counter = new Counter({
    name: "chancery_worker_hangs_total",
    help: "Workers that were killed because they gave no sign of life",
    registers,
    collect: () => {
      hangs.reset();
      hangs.inc(report().hangs);
    },
  });
  const each = (name: string, help: string, of: (worker: WorkersReport["workers"][number]) => number) => {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ["worker"],
      registers,
      collect: () => {
        gauge.reset();
        for (const worker of report().workers) gauge.set({ worker: worker.index }, of(worker));
      },
    });
  };
  each("chancery_worker_streams", "Open xDS streams, by worker", ({ streams }) => streams);
  each("chancery_worker_connections", "Open xDS connections, by worker", ({ connections }) => connections);
  each("chancery_worker_cpu_seconds", "Time on the processor since its start, by worker", (worker) => {
    return worker.cpuSeconds;
  });
  each("chancery_worker_resident_memory_bytes", "Resident memory, by worker", (worker) => {
    return worker.residentBytes;
  });
}
