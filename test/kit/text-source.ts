import { once } from "node:events";
import type { ConfigFile } from "../../src/config/config-file.ts";
import type { Loaded } from "../../src/server/reconcile/attempt.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import type { Reading } from "../../src/sources/reading.ts";

/** A source of one file whose content the test sets: names of clusters, separated by spaces. */
export class TextSource extends EventTarget {
  content: string;
  #isChanged = true;

  constructor(content: string) {
    super();
    this.content = content;
  }

  set(content: string): void {
    this.content = content;
    this.#isChanged = true;
    this.dispatchEvent(new Event("change"));
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Reading> {
    const wake = () => this.dispatchEvent(new Event("change"));
    signal.addEventListener("abort", wake, { once: true });
    this.#isChanged = true;
    while (!signal.aborted) {
      if (this.#isChanged) {
        this.#isChanged = false;
        const files = [{ path: "a.yaml", text: this.content }];
        yield { kind: "tree", files, readAtMs: 1, origin: { kind: "program" } };
      } else await once(this, "change");
    }
  }
}

export const namesType = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

/** What such a file means: a cluster a name, all in the group `default`; the name `bad` is an error. */
export function loadNames([file]: readonly ConfigFile[]): Loaded {
  const names = file!.text.split(" ").filter((name) => name !== "");
  const resources = names.map((name) => makeResource({ typeUrl: namesType, name, bytes: Buffer.from(name) }));
  const place = { file: "a.yaml", line: 1, column: 1 };
  const problem = { code: "bad-name", severity: "error", message: "bad is no name", place } as const;
  return {
    groups: [{ name: "default", match: {}, resources }],
    problems: names.includes("bad") ? [problem] : [],
  };
}
