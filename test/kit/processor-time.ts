/** Milliseconds of processor time that this process took for `work`, in which nothing waits: other processes do not count. */
export function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
