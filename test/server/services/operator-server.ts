import { Client, type ClientDuplexStream, credentials, status, type StatusObject } from "@grpc/grpc-js";
import { systemClock } from "../../../src/base/clock.ts";
import type { AccessPolicy } from "../../../src/config/access-policy.ts";
import { Fleet } from "../../../src/fleet/fleet.ts";
import { Loads } from "../../../src/fleet/loads.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import type { Message } from "../../../src/schema/message.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { type AdsServer, createAdsServer } from "../../../src/server/ads-server.ts";
import { csdsAnswer } from "../../../src/server/services/csds-service.ts";
import { operatorServices } from "../../../src/server/services/operator-services.ts";
import { makeRevision } from "../../../src/snapshot/revision.ts";
import { RawXdsClient } from "../../kit/raw-xds-client.ts";
import { EventLog } from "../event-log.ts";
import { type Contents, snapshotOf } from "../../xds/session-client.ts";

export const schema = new Schema(loadDescriptors());
const raw = (bytes: Buffer) => bytes;

/** An xDS server with the services of operators, on a group `all` for every node. */
export async function startOperatorServer(contents: Contents | undefined, authorization?: AccessPolicy) {
  const loads = new Loads();
  const log = new EventLog();
  const snapshot = snapshotOf(contents ?? {});
  const resourcesOf = (_group: string, typeUrl: string) => snapshot.typeSet(typeUrl).resources;
  const fleet = new Fleet({ resourcesOf });
  const server: AdsServer = createAdsServer({
    address: "127.0.0.1:0",
    drainMs: 0,
    onEvent: (event) => {
      fleet.apply(event);
      log.note(event);
    },
    services: operatorServices({
      schema,
      clock: systemClock,
      loads,
      clientStatus: csdsAnswer(schema, {
        streams: () => server.streams(),
        nodes: () => fleet.nodes(Date.now(), server.streams()),
        resourcesOf,
      }),
    }),
  });
  const serve = () => {
    const groups = [{ name: "all", match: {}, snapshot }];
    const source = { kind: "program" } as const;
    server.setRevision(
      makeRevision({ groups, source, createdAtMs: 0, ...(authorization && { authorization }) }),
    );
  };
  if (contents) serve();
  const { port } = await server.start();
  const client = new RawXdsClient(port);
  const plain = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    server,
    serve,
    client,
    loads,
    log,
    /** Calls a unary method; resolves to its answer, or to the status that it is refused with. */
    call: async (path: string, types: MessageTypes, request: Message): Promise<Message> =>
      new Promise((resolve) => {
        const bytes = schema.encode(types.input, request);
        plain.makeUnaryRequest(path, raw, raw, bytes, (error, answer) => {
          if (error) resolve({ code: status[error.code], details: error.details });
          else resolve(schema.decode(types.output, answer ?? Buffer.alloc(0)));
        });
      }),
    open: (path: string, types: MessageTypes) =>
      new Conversation(plain.makeBidiStreamRequest(path, raw, raw), types),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      plain.close();
      await server.close();
    },
  };
}

export interface MessageTypes {
  readonly input: string;
  readonly output: string;
}

/** A stream of messages of two types. */
export class Conversation {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly ended: Promise<StatusObject>;
  readonly #types: MessageTypes;
  readonly #messages: AsyncIterator<Buffer>;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, types: MessageTypes) {
    this.call = call;
    this.#types = types;
    this.ended = new Promise((resolve) => call.on("status", resolve));
    // The status says what the error says.
    call.on("error", () => {});
    this.#messages = call[Symbol.asyncIterator]();
  }

  send(message: Message): void {
    this.call.write(schema.encode(this.#types.input, message));
  }

  async next(): Promise<Message> {
    const { value } = await this.#messages.next();
    return schema.decode(this.#types.output, value);
  }
}
