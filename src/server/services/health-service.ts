import { status } from "@grpc/grpc-js";
import type { RawCall } from "../ads-stream.ts";
import { fieldsOf, WireError } from "../../xds/wire.ts";
import { answerOne, CallError, failCall, type GrpcService } from "./grpc-service.ts";

/** Values of `grpc.health.v1.HealthCheckResponse.ServingStatus`. */
const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

const messages = {
  input: "grpc.health.v1.HealthCheckRequest",
  output: "grpc.health.v1.HealthCheckResponse",
} as const;

/** Whether the server is ready, for `grpc.health.v1` (XDS-140). */
export class Health {
  readonly #names: ReadonlySet<string>;
  readonly #watching = new Map<RawCall, string>();
  #isServing = false;

  /** `names`: the services that may be asked about, besides the server as a whole. */
  constructor(names: Iterable<string>) {
    this.#names = new Set(["", ...names]);
  }

  /** Ready or not from now on; watchers are told of a change. */
  set(isServing: boolean): void {
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    for (const [call, name] of this.#watching) call.write(responseOf(this.#statusOf(name)));
  }

  /** Ends the calls of watchers. */
  close(): void {
    for (const call of this.#watching.keys()) call.end();
    this.#watching.clear();
  }

  /** The service; it asks nobody for a token, since the probes of a scheduler have none. */
  get service(): GrpcService {
    return {
      name: "grpc.health.v1.Health",
      access: "everybody",
      methods: {
        Check: { ...messages, kind: "unary", handle: answerOne((request) => this.#check(request)) },
        Watch: { ...messages, kind: "serverStream", handle: (call) => this.#watch(call) },
      },
    };
  }

  #check(request: Buffer): Buffer {
    const name = serviceNameOf(request);
    const found = this.#statusOf(name);
    if (found === serviceUnknown)
      throw new CallError(status.NOT_FOUND, `there is no service ${JSON.stringify(name)}`);
    return responseOf(found);
  }

  #watch(call: RawCall): void {
    call.on("data", (request: Buffer) => {
      if (this.#watching.has(call)) return;
      try {
        const name = serviceNameOf(request);
        this.#watching.set(call, name);
        call.write(responseOf(this.#statusOf(name)));
      } catch (error) {
        failCall(call, error);
      }
    });
    const leave = () => this.#watching.delete(call);
    call.on("cancelled", leave);
    call.on("error", leave);
  }

  #statusOf(name: string): number {
    if (!this.#names.has(name)) return serviceUnknown;
    return this.#isServing ? serving : notServing;
  }
}

/** `grpc.health.v1.HealthCheckRequest`. Throws CallError. */
function serviceNameOf(request: Buffer): string {
  let name = "";
  try {
    for (const field of fieldsOf(request)) {
      if (field.number === 1 && "bytes" in field) name = field.bytes.toString("utf8", 0, 256);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CallError(status.INVALID_ARGUMENT, `the request cannot be read: ${error.message}`);
  }
  return name;
}

/** `grpc.health.v1.HealthCheckResponse` */
function responseOf(value: number): Buffer {
  return Buffer.from([0x08, value]);
}
