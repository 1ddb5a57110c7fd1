import { status, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { RawCall } from "../ads-stream.ts";

/** Who makes a call, as far as it was proved. */
export interface Caller {
  /** Why it may not speak for this node, or undefined when it may. */
  nodeRefusal(nodeId: string): string | undefined;
}

/** A method: what reflection tells of it, and what takes its calls. */
export interface GrpcMethod {
  /** Full names of its messages. */
  readonly input: string;
  readonly output: string;
  readonly kind: "unary" | "serverStream" | "bidi";
  /** Takes a call whose messages are bytes. */
  readonly handle: (call: RawCall, caller: Caller) => void;
}

/** A service beside those of discovery. */
export interface GrpcService {
  /** Full name: `grpc.health.v1.Health`. */
  readonly name: string;
  /** `everybody`: no token is asked for. `operators`: rules of authorization have to name the client as one. */
  readonly access: "everybody" | "clients" | "operators";
  /** By the name of the method. */
  readonly methods: Readonly<Record<string, GrpcMethod>>;
}

/** Lets a call in, or ends it and answers undefined. */
export type AdmitCall = (call: RawCall, access: GrpcService["access"]) => Caller | undefined;

const raw = (bytes: Buffer) => bytes;

/** Adds services to what `addService` of a gRPC server takes. On the wire a unary call is a stream of one message. */
export function definitionOf(
  { name, access, methods }: GrpcService,
  admit: AdmitCall,
): { readonly definition: ServiceDefinition; readonly implementation: UntypedServiceImplementation } {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [method, { handle }] of Object.entries(methods)) {
    definition[method] = {
      path: `/${name}/${method}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    };
    implementation[method] = (call: RawCall) => {
      // Without a listener the break of a connection would be an error that nobody takes.
      call.on("error", () => undefined);
      const caller = admit(call, access);
      if (caller) handle(call, caller);
    };
  }
  return { definition, implementation };
}

/** Answers a message, now or when somebody else has been asked; throws or rejects with `CallError`. */
export type Answer = (request: Buffer, caller: Caller) => Buffer | Promise<Buffer>;

/** Answers one message with one; what `answer` throws as `CallError` is the status. */
export function answerOne(answer: Answer): GrpcMethod["handle"] {
  return (call, caller) => {
    let hasAnswered = false;
    const give = async (request: Buffer) => {
      try {
        call.write(await answer(request, caller));
        call.end();
      } catch (error) {
        failCall(call, error);
      }
    };
    call.on("data", (request: Buffer) => {
      if (hasAnswered) return;
      hasAnswered = true;
      void give(request);
    });
    call.on("end", () => {
      if (!hasAnswered) endCall(call, status.INVALID_ARGUMENT, "the request is missing");
    });
  };
}

/** Answers each message with one, in their order, until the client ends. */
export function answerEach(answer: Answer): GrpcMethod["handle"] {
  return (call, caller) => {
    const give = async (request: Buffer) => {
      // One after the other; and what a client does not take is not piled up: it is not read on until it has.
      call.pause();
      try {
        if (call.write(await answer(request, caller))) call.resume();
        else call.once("drain", () => call.resume());
      } catch (error) {
        failCall(call, error);
      }
    };
    call.on("data", (request: Buffer) => void give(request));
    call.on("end", () => call.end());
  };
}

/** An end of a call with a gRPC status and words for the client. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** Ends a call with a status that says why. */
export function endCall(call: RawCall, code: status, details: string): void {
  call.emit("error", { code, details });
}

/** Ends a call for what went wrong with it: a client's mistake is told, ours only that it was. */
export function failCall(call: RawCall, error: unknown): void {
  if (error instanceof CallError) endCall(call, error.code, error.message);
  else endCall(call, status.INTERNAL, "the server could not answer");
}
