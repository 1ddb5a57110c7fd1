import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { loadSchema } from "chancery";

const discovery = "envoy.service.discovery.v3";
const types = ["envoy.config.cluster.v3.Cluster", "envoy.config.listener.v3.Listener"];
const nodesPerConnection = 50;
const bytes = (value: Buffer) => value;

/** Nodes that ask for clusters and listeners over delta xDS and accept whatever they get. */
export class SimulatedNodes implements Disposable {
  readonly #schema = loadSchema();
  readonly #clients: Client[] = [];
  readonly count: number;

  constructor(count: number, address: string) {
    this.count = count;
    for (let index = 0; index < count; index += 1) {
      if (index % nodesPerConnection === 0) {
        this.#clients.push(
          new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
        );
      }
      this.#open(this.#clients.at(-1)!, `sim-${String(index + 1).padStart(3, "0")}`);
    }
  }

  #open(client: Client, id: string): void {
    const path = `/${discovery}.AggregatedDiscoveryService/DeltaAggregatedResources`;
    const stream = client.makeBidiStreamRequest(path, bytes, bytes);
    stream.on("data", (response: Buffer) => this.#accept(stream, response));
    // The end of the demo ends the streams.
    stream.on("error", () => {});
    for (const type of types) {
      this.#send(stream, { node: { id, cluster: "fleet" }, type_url: `type.googleapis.com/${type}` });
    }
  }

  #accept(stream: ClientDuplexStream<Buffer, Buffer>, response: Buffer): void {
    const { type_url, nonce } = this.#schema.decode(`${discovery}.DeltaDiscoveryResponse`, response);
    this.#send(stream, { ...(type_url !== undefined && { type_url }), response_nonce: nonce ?? "" });
  }

  #send(stream: ClientDuplexStream<Buffer, Buffer>, request: object): void {
    stream.write(this.#schema.encode(`${discovery}.DeltaDiscoveryRequest`, { ...request }));
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }
}
