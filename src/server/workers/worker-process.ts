import process from "node:process";
import { systemClock } from "../../base/clock.ts";
import { loadDescriptors } from "../../schema/load.ts";
import { Schema } from "../../schema/schema.ts";
import { loadUserTypes } from "../../schema/user-types/load-user-types.ts";
import { mainLink } from "./main-link.ts";
import { WorkerServer } from "./worker-server.ts";

// The program of the processes that `forkWorker` starts. A signal from a terminal goes to all processes: the main one
// decides what it means. What is wrong with the users' types was said when the main process read them.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const server = new WorkerServer({
  main: mainLink(process, () => process.exit(0)),
  clock: systemClock,
  schemaWith: async (paths) => new Schema((await loadUserTypes(loadDescriptors(), paths)).descriptors),
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
  },
});
await server.run();
process.exit(0);
