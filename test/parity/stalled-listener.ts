import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A port whose connections are never established: its listener takes nobody, and its queue is full. */
export interface StalledListener extends AsyncDisposable {
  readonly port: number;
}

const program = `
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
`;

/** The queue of a stopped process holds two connections more than its backlog says, at most. */
const FILLERS = 4;

export async function startStalledListener(): Promise<StalledListener> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  child.kill("SIGSTOP");
  const fillers: Socket[] = [];
  for (let n = 0; n < FILLERS; n += 1) {
    const filler = connect(port, "127.0.0.1");
    // Those that find the queue full wait until they are destroyed.
    filler.on("error", () => undefined);
    fillers.push(filler);
  }
  await once(fillers[0]!, "connect");
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
