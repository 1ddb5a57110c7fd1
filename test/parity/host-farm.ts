import type { JsonObject } from "../kit/json.ts";
import { startRecordingBackend, type RecordingBackend } from "../kit/recording-backend.ts";
import { socketAddress } from "./bootstrap.ts";

interface EndpointFields {
  readonly weight?: number;
  readonly health?: string;
  /** Metadata under `envoy.lb`, beside `hash_key`. */
  readonly labels?: JsonObject;
}

/** Upstreams that are called by letters, and that answer each request, and each other line that they get, with their own letter. */
export interface HostFarm extends AsyncDisposable {
  /** The endpoint of a letter. Its `hash_key` is the letter, so that a hash table does not depend on ports. */
  endpoint(letter: string, fields?: EndpointFields): JsonObject;
  portOf(letter: string): number;
}

/** Starts one upstream for each letter of `letters`. */
export async function startHostFarm(letters: string): Promise<HostFarm> {
  const hosts = new Map<string, RecordingBackend>();
  for (const letter of letters.split("")) hosts.set(letter, await startLetter(letter));
  const portOf = (letter: string) => hosts.get(letter)!.port;
  return {
    portOf,
    endpoint: (letter, { weight, health, labels } = {}) => ({
      endpoint: { address: socketAddress(portOf(letter)), hostname: letter },
      ...(weight !== undefined && { load_balancing_weight: weight }),
      ...(health !== undefined && { health_status: health }),
      metadata: { filter_metadata: { "envoy.lb": { hash_key: letter, ...labels } } },
    }),
    async [Symbol.asyncDispose]() {
      for (const host of hosts.values()) await host[Symbol.asyncDispose]();
    },
  };
}

async function startLetter(letter: string): Promise<RecordingBackend> {
  return startRecordingBackend({
    answer({ socket }) {
      socket.on("data", (bytes: Buffer) => {
        const text = bytes.toString("latin1");
        const heads = text.includes(" HTTP/1.1\r\n") ? text.split("\r\n\r\n").length - 1 : 0;
        const answer = `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${letter}\n`;
        socket.write(heads === 0 ? letter : answer.repeat(heads));
      });
    },
  });
}
