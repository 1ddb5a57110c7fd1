import { readFileSync } from "node:fs";

/** Clock ticks a second of /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** What the operating system says a process has used so far (Linux, /proc). */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly peakResidentMiB: number;
}

/** The same of a process with those that it has started, and that run. */
export function usageOfAll(pid: number): Usage {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  const all = [pid, ...children.map(Number)].map(usageOf);
  const sum = (pick: (usage: Usage) => number) => all.reduce((total, usage) => total + pick(usage), 0);
  return {
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    residentMiB: sum(({ residentMiB }) => residentMiB),
    peakResidentMiB: sum(({ peakResidentMiB }) => peakResidentMiB),
  };
}

/** What a process has used, without its children. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command name may hold spaces and brackets; the numbers start behind the last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentMiB: kibibytes("VmRSS") / 1024,
    peakResidentMiB: kibibytes("VmHWM") / 1024,
  };
}
