import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { loadSchema } from "chancery";

const discovery = "envoy.service.discovery.v3";
const clusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const raw = (bytes: Buffer) => bytes;

interface DeltaResponse {
  readonly nonce?: string;
  readonly system_version_info?: string;
}

/** Nodes that ask for clusters over delta xDS, each on a connection of its own as an Envoy has it, and what they hold. */
export class AnsweringNodes implements Disposable {
  readonly #schema = loadSchema();
  readonly #clients: Client[] = [];
  /** The version that each has accepted last. */
  readonly #held: (string | undefined)[];
  #onChange: () => void = () => undefined;
  /** The last node answers nothing that differs from this version until `refuse`. */
  #keeps: string | undefined;
  #refuse: (() => void) | undefined;

  constructor(count: number, port: string) {
    this.#held = Array.from({ length: count }, () => undefined);
    for (let index = 0; index < count; index += 1) {
      const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
        "grpc.use_local_subchannel_pool": 1,
      });
      this.#clients.push(client);
      this.#open(client, index);
    }
  }

  /** Resolves with the wall clock, in milliseconds, once what they hold passes. */
  async until(passes: (held: readonly (string | undefined)[]) => boolean): Promise<number> {
    while (!passes(this.#held)) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
    return Date.now();
  }

  /** What the first of them holds. */
  get version(): string | undefined {
    return this.#held[0];
  }

  /** The last of them keeps what it has from now on. */
  keep(): void {
    this.#keeps = this.#held.at(-1);
  }

  /** It was given something else since. */
  get mayRefuse(): boolean {
    return this.#refuse !== undefined;
  }

  /** It refuses what it was given since; gives the wall clock, in milliseconds. */
  refuse(): number {
    if (!this.#refuse) throw new Error("the node was not given anything to refuse");
    this.#refuse();
    return Date.now();
  }

  #open(client: Client, index: number): void {
    const path = `/${discovery}.AggregatedDiscoveryService/DeltaAggregatedResources`;
    const stream = client.makeBidiStreamRequest(path, raw, raw);
    stream.on("data", (bytes: Buffer) => this.#take(stream, index, bytes));
    // The end of the benchmark ends the streams.
    stream.on("error", () => {});
    this.#send(stream, { node: { id: `node-${index}`, cluster: "fleet" } });
  }

  #take(stream: ClientDuplexStream<Buffer, Buffer>, index: number, bytes: Buffer): void {
    const response: DeltaResponse = this.#schema.decode(`${discovery}.DeltaDiscoveryResponse`, bytes);
    const { nonce = "", system_version_info: version } = response;
    const isLast = index === this.#held.length - 1;
    if (isLast && this.#keeps !== undefined && version !== this.#keeps) {
      const detail = { code: 13, message: "it is refused for the benchmark" };
      this.#refuse = () => this.#send(stream, { response_nonce: nonce, error_detail: detail });
    } else {
      this.#send(stream, { response_nonce: nonce });
      this.#held[index] = version;
    }
    this.#onChange();
  }

  #send(stream: ClientDuplexStream<Buffer, Buffer>, request: object): void {
    stream.write(
      this.#schema.encode(`${discovery}.DeltaDiscoveryRequest`, { type_url: clusterType, ...request }),
    );
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }
}
