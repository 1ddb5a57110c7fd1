import type { Child } from "./child.ts";
import { canConnect } from "./scripted-client.ts";
import { until } from "./within.ts";

/** Resolves when a program that says nothing about it listens on the port; throws with its output when it ends instead. */
export async function untilListening(child: Child, port: number): Promise<void> {
  await until(
    10_000,
    () => `port ${port} listens\n${child.output()}`,
    async () => {
      if (!child.isRunning) throw new Error(`ended with ${await child.exit()}\n${child.output()}`);
      return (await canConnect(port)) || undefined;
    },
  );
}
