import { CLUSTER } from "../../src/schema/type-urls.ts";
import { adsSotw, type RawXdsClient, type RawXdsStream } from "./raw-xds-client.ts";
import { within } from "./within.ts";

/** The text of as many clusters as there are names. */
export function clusters(...names: readonly string[]): string {
  return `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
}

/** A node that refuses clusters of more than two names, and notes how many names it was sent each time. */
export class PickyNode {
  readonly seen: number[] = [];
  readonly #stream: RawXdsStream;
  readonly #waiting = new Set<() => void>();

  constructor(client: RawXdsClient, id: string) {
    this.#stream = client.open(adsSotw);
    this.#stream.send({ node: { id, cluster: "edge", user_agent_name: "envoy" }, type_url: CLUSTER });
    void this.#answer();
  }

  /** Resolves once it was sent so many names last. */
  async has(count: number): Promise<void> {
    const given = async () => {
      while (this.seen.at(-1) !== count) {
        await new Promise<void>((resolve) => {
          this.#waiting.add(resolve);
        });
      }
    };
    await within(20_000, () => `it is sent ${count} names, not ${this.seen.join(", ")}`, given());
  }

  async #answer(): Promise<void> {
    let accepted = "";
    for (;;) {
      const { nonce, version, resources } = await this.#stream.next();
      const isRefused = resources.length > 2;
      if (!isRefused) accepted = version;
      this.#stream.send({
        type_url: CLUSTER,
        response_nonce: nonce,
        version_info: accepted,
        ...(isRefused && {
          error_detail: { code: 13, message: "Error adding/updating cluster(s) c: too many" },
        }),
      });
      this.seen.push(resources.length);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}
