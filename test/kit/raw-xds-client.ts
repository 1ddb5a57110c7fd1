import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  status,
  type StatusObject,
} from "@grpc/grpc-js";
import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());
const raw = (bytes: Buffer) => bytes;
const discovery = "envoy.service.discovery.v3";

export const adsSotw = `/${discovery}.AggregatedDiscoveryService/StreamAggregatedResources`;
export const adsDelta = `/${discovery}.AggregatedDiscoveryService/DeltaAggregatedResources`;

/** A connection to an xDS server that says exactly what a test tells it to, and reads with the real schema. */
export class RawXdsClient implements Disposable {
  readonly client: Client;

  /** `target` is a port of this machine, or an address such as `unix:/run/chancery.sock`. */
  constructor(
    target: number | string,
    channelCredentials: ChannelCredentials = credentials.createInsecure(),
  ) {
    const address = typeof target === "number" ? `127.0.0.1:${target}` : target;
    this.client = new Client(address, channelCredentials, {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
    });
  }

  /** Opens a stream of the method at this path; a path with `Delta` in it speaks delta. */
  open(path: string, metadata = new Metadata()): RawXdsStream {
    const call = this.client.makeBidiStreamRequest(path, raw, raw, metadata);
    return new RawXdsStream(call, path.includes("/Delta"));
  }

  /** Calls a unary method and answers the status that it ends with. */
  call(path: string): Promise<status> {
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), (error) =>
        resolve(error?.code ?? status.OK),
      );
    });
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

export class RawXdsStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  /** How the stream ended. */
  readonly ended: Promise<StatusObject>;
  readonly #isDelta: boolean;
  readonly #received: Buffer[] = [];
  #waiting: ((bytes: Buffer) => void) | undefined;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, isDelta: boolean) {
    this.call = call;
    this.#isDelta = isDelta;
    this.ended = new Promise((resolve) => call.on("status", resolve));
    // The status says what the error says.
    call.on("error", () => {});
    call.on("data", (bytes: Buffer) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting) waiting(bytes);
      else this.#received.push(bytes);
    });
  }

  /** Sends a (Delta)DiscoveryRequest. */
  send(request: Message): void {
    this.call.write(schema.encode(`${discovery}.${this.#isDelta ? "Delta" : ""}DiscoveryRequest`, request));
  }

  /** The next response, however long it takes. */
  async next(): Promise<RawResponse> {
    const bytes =
      this.#received.shift() ??
      (await new Promise<Buffer>((resolve) => {
        this.#waiting = resolve;
      }));
    return decode(bytes, this.#isDelta);
  }

  /** Responses that came and that nobody asked for yet. */
  get backlog(): number {
    return this.#received.length;
  }
}

/** A response of either kind, with the parts that a test compares. */
export interface RawResponse {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly identifier: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly typeUrl: string;
    readonly value: Buffer;
  }[];
  readonly removed: readonly string[];
}

interface AnyShape {
  readonly type_url?: string;
  readonly value?: Buffer;
}

interface ResponseShape {
  readonly version_info?: string;
  readonly system_version_info?: string;
  readonly type_url?: string;
  readonly nonce?: string;
  readonly control_plane?: { readonly identifier?: string };
  readonly resources?: readonly (AnyShape & {
    readonly name?: string;
    readonly version?: string;
    readonly resource?: AnyShape;
  })[];
  readonly removed_resources?: readonly string[];
}

function decode(bytes: Buffer, isDelta: boolean): RawResponse {
  const message: ResponseShape = schema.decode(
    `${discovery}.${isDelta ? "Delta" : ""}DiscoveryResponse`,
    bytes,
  );
  return {
    typeUrl: message.type_url ?? "",
    version: message.version_info ?? message.system_version_info ?? "",
    nonce: message.nonce ?? "",
    identifier: message.control_plane?.identifier ?? "",
    resources: (message.resources ?? []).map((item) => {
      const any = isDelta ? (item.resource ?? {}) : item;
      return {
        name: item.name ?? "",
        version: item.version ?? "",
        typeUrl: any.type_url ?? "",
        value: any.value ?? Buffer.alloc(0),
      };
    }),
    removed: message.removed_resources ?? [],
  };
}
