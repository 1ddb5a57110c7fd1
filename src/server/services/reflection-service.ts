import { status } from "@grpc/grpc-js";
import { errorMessage } from "../../base/error-message.ts";
import { type FileProto, fileProtos, type ServiceShape } from "../../schema/descriptors/file-protos.ts";
import type { Message } from "../../schema/message.ts";
import type { Schema } from "../../schema/schema.ts";
import { answerEach, CallError, type GrpcService } from "./grpc-service.ts";

/** Files of types by their name and by the symbols that they define; made when the first client asks. */
interface Files {
  readonly byName: ReadonlyMap<string, FileProto>;
  readonly bySymbol: ReadonlyMap<string, FileProto>;
}

interface ReflectionRequest {
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
  readonly list_services?: string;
  readonly all_extension_numbers_of_type?: string;
}

const versions = ["grpc.reflection.v1", "grpc.reflection.v1alpha"] as const;

/** Server reflection in both versions (XDS-140): `services` and all types that the schema has. */
export function reflectionServices(
  schema: Schema,
  services: readonly ServiceShape[],
): readonly GrpcService[] {
  const all: ServiceShape[] = [...services];
  let files: Files | undefined;
  const filesOf = () => {
    files ??= index(fileProtos(schema.descriptors, all));
    return files;
  };
  const own = versions.map((version): GrpcService => {
    const input = `${version}.ServerReflectionRequest`;
    const output = `${version}.ServerReflectionResponse`;
    const handle = answerEach((bytes) => {
      const request = decode(schema, input, bytes);
      const answer = answerTo(request, all, filesOf, schema);
      return schema.encode(output, { original_request: { ...request }, ...answer });
    });
    return {
      name: `${version}.ServerReflection`,
      access: "clients",
      methods: { ServerReflectionInfo: { input, output, kind: "bidi", handle } },
    };
  });
  all.push(...own.map(shapeOf));
  return own;
}

/** What reflection tells of a service. */
export function shapeOf({ name, methods }: GrpcService): ServiceShape {
  return {
    name,
    methods: Object.entries(methods).map(([method, { input, output, kind }]) => ({
      name: method,
      input,
      output,
      kind,
    })),
  };
}

function index(files: readonly FileProto[]): Files {
  return {
    byName: new Map(files.map((file) => [file.name, file])),
    bySymbol: new Map(files.flatMap((file) => file.symbols.map((symbol) => [symbol, file] as const))),
  };
}

function decode(schema: Schema, type: string, bytes: Buffer): ReflectionRequest {
  try {
    return schema.decode(type, bytes);
  } catch (error) {
    const reason = errorMessage(error);
    throw new CallError(status.INVALID_ARGUMENT, `the request cannot be read: ${reason}`);
  }
}

function answerTo(
  request: ReflectionRequest,
  services: readonly ServiceShape[],
  files: () => Files,
  schema: Schema,
): Message {
  if (request.list_services !== undefined) {
    return { list_services_response: { service: services.map(({ name }) => ({ name })) } };
  }
  const { file_by_filename: name, file_containing_symbol: symbol } = request;
  if (name !== undefined) return fileAnswer(schema, files().byName.get(name), `file ${JSON.stringify(name)}`);
  if (symbol !== undefined) {
    return fileAnswer(schema, files().bySymbol.get(symbol), `symbol ${JSON.stringify(symbol)}`);
  }
  const message = "extensions are not told: the v3 API is proto3, and has none in messages";
  return { error_response: { error_code: status.UNIMPLEMENTED, error_message: message } };
}

function fileAnswer(schema: Schema, file: FileProto | undefined, what: string): Message {
  if (!file) {
    return { error_response: { error_code: status.NOT_FOUND, error_message: `there is no ${what}` } };
  }
  const bytes = schema.encode("google.protobuf.FileDescriptorProto", file.message);
  return { file_descriptor_response: { file_descriptor_proto: [bytes] } };
}
