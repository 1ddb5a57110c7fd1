import { readFileSync } from "node:fs";
import { hasCapability } from "./capabilities.ts";
import { Child } from "./child.ts";

const CAP_SYS_ADMIN = 21n;

/**
 * Options for tests that make network namespaces of their own: skipped, with the reason, for a process that may not; with CI=true they
 * run, and fail.
 */
export function needsNamespaces(): { readonly skip?: string } {
  if (process.env["CI"] === "true" || hasCapability(CAP_SYS_ADMIN)) return {};
  return { skip: "needs CAP_SYS_ADMIN to make network namespaces: run as root" };
}

/** The commands of docs/proxy-protocol.md that let a process connect from addresses of others; answers come in on `device`. */
export function foreignSourceCommands(device: string): readonly string[] {
  const guide = readFileSync(new URL(import.meta.resolve("#root/docs/proxy-protocol.md")), "utf8");
  const block = /## What the host must allow[^]*?```sh\n([^]*?)```/.exec(guide)?.[1];
  if (block === undefined) throw new Error("the guide has no commands for original source");
  return block
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replaceAll("eth1", device));
}

/** Runs a program in a network namespace of its own, which is gone with it. `commands` come first; loopback is up. */
export function inOwnNamespace(commands: readonly string[], program: readonly string[]): Child {
  const script = ["set -e", "ip link set lo up", ...commands, 'exec "$@"'].join("\n");
  // What the program prints is for people, whoever runs the test that starts it.
  return new Child("unshare", ["--net", "sh", "-c", script, "sh", ...program], {
    env: { NODE_TEST_CONTEXT: "" },
  });
}

/** A machine of a test network: a network namespace. */
export type Machine = "client" | "proxy" | "upstream";

/** Where the machines are, by family. The proxy has an address towards either side. */
export const addresses = {
  IPv4: { client: "10.77.1.2", proxy: "10.77.1.1", upstream: "10.77.2.2" },
  IPv6: { client: "fd77:1::2", proxy: "fd77:1::1", upstream: "fd77:2::2" },
} as const;

/** Client, proxy and upstream, each in a network namespace of its own; both others have the proxy as their router. */
export class TestNetwork implements AsyncDisposable {
  readonly #prefix = `chancery-${process.pid}`;

  private constructor() {}

  static async create(): Promise<TestNetwork> {
    const network = new TestNetwork();
    const { client, proxy, upstream } = network.#names();
    const script = [
      "set -e",
      ...[client, proxy, upstream].map((name) => `ip netns add ${name}; ip -n ${name} link set lo up`),
      `ip -n ${proxy} link add clients type veth peer name eth0 netns ${client}`,
      `ip -n ${proxy} link add upstreams type veth peer name eth0 netns ${upstream}`,
      `ip -n ${client} addr add 10.77.1.2/24 dev eth0; ip -n ${client} addr add fd77:1::2/64 dev eth0 nodad`,
      `ip -n ${proxy} addr add 10.77.1.1/24 dev clients; ip -n ${proxy} addr add fd77:1::1/64 dev clients nodad`,
      `ip -n ${proxy} addr add 10.77.2.1/24 dev upstreams; ip -n ${proxy} addr add fd77:2::1/64 dev upstreams nodad`,
      `ip -n ${upstream} addr add 10.77.2.2/24 dev eth0; ip -n ${upstream} addr add fd77:2::2/64 dev eth0 nodad`,
      `ip -n ${client} link set eth0 up; ip -n ${upstream} link set eth0 up`,
      `ip -n ${proxy} link set clients up; ip -n ${proxy} link set upstreams up`,
      `ip -n ${upstream} route add default via 10.77.2.1; ip -n ${upstream} -6 route add default via fd77:2::1`,
    ];
    try {
      await network.#run(script.join("\n"));
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** Starts a program on a machine. */
  start(machine: Machine, program: readonly string[]): Child {
    return new Child("ip", ["netns", "exec", this.#names()[machine], ...program], {
      env: { NODE_TEST_CONTEXT: "" },
    });
  }

  /** Has the proxy's machine allow sources that are not its own. */
  async allowForeignSources(): Promise<void> {
    const script = foreignSourceCommands("upstreams").join("\n");
    await this.#run(`ip netns exec ${this.#names().proxy} sh -e -c '${script}'`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of Object.values(this.#names())) {
      await using child = new Child("ip", ["netns", "del", name]);
      await child.exit();
    }
  }

  #names(): Readonly<Record<Machine, string>> {
    const name = this.#prefix;
    return { client: `${name}-client`, proxy: `${name}-proxy`, upstream: `${name}-upstream` };
  }

  async #run(script: string): Promise<void> {
    await using child = new Child("sh", ["-c", script]);
    const code = await child.exit();
    if (code !== 0) throw new Error(`the test network cannot be made: ${child.output()}`);
  }
}
