import type { Message } from "../../src/schema/message.ts";

/** The last refusal of a resource, shown until the next good update (XC-27, XC-57). */
export interface ErrorState {
  /** The refused configuration. */
  readonly message: Message;
  readonly version: string;
  readonly atMs: number;
  readonly details: string;
}

/** What `/config_dump` tells about one resource. */
export interface ResourceRecord {
  readonly name: string;
  readonly origin: "static" | "dynamic";
  /** Empty for a static one. */
  readonly version: string;
  /** Absent when every version so far was refused. */
  readonly message?: Message;
  /** As received; equal bytes are no change (XC-32). */
  readonly bytes?: Buffer;
  /** Wall clock, when this content was taken. */
  readonly updatedAtMs: number;
  readonly errorState?: ErrorState;
}

/** The resources of one type that a proxy runs or was asked to run, by name, in the order of their first appearance. */
export class ResourceRecords {
  readonly #records = new Map<string, ResourceRecord>();
  #version = "";

  /** `version_info` of the last response of which something was taken. */
  get version(): string {
    return this.#version;
  }

  set version(version: string) {
    this.#version = version;
  }

  get(name: string): ResourceRecord | undefined {
    return this.#records.get(name);
  }

  isStatic(name: string): boolean {
    return this.#records.get(name)?.origin === "static";
  }

  list(): readonly ResourceRecord[] {
    return [...this.#records.values()];
  }

  /** Content that is now applied; it clears the refusal of an earlier one. */
  applied(record: Omit<ResourceRecord, "errorState">): void {
    this.#records.set(record.name, record);
  }

  /** Content that was refused; what was applied before stays. */
  refused(name: string, errorState: ErrorState): void {
    const known = this.#records.get(name);
    this.#records.set(
      name,
      known
        ? { ...known, errorState }
        : { name, origin: "dynamic", version: "", updatedAtMs: errorState.atMs, errorState },
    );
  }

  removed(name: string): void {
    this.#records.delete(name);
  }
}

/** Records to be shown. */
export type ListedRecords = Pick<ResourceRecords, "version" | "list">;

/** The same type of several streams, to be shown as one: each name as often as there are streams that have it. */
export function listedTogether(all: readonly ResourceRecords[]): ListedRecords {
  return {
    version: all.find(({ version }) => version !== "")?.version ?? "",
    list: () => all.flatMap((records) => records.list()),
  };
}
