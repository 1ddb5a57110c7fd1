import type { HttpExchange } from "./format-source.ts";
import { plain, type Operator, type OperatorTable, type OperatorValue } from "./operator.ts";

/** `google.rpc.Code` by number, in the two spellings of the operator. */
const names: readonly (readonly [camel: string, snake: string])[] = [
  ["OK", "OK"],
  ["Canceled", "CANCELLED"],
  ["Unknown", "UNKNOWN"],
  ["InvalidArgument", "INVALID_ARGUMENT"],
  ["DeadlineExceeded", "DEADLINE_EXCEEDED"],
  ["NotFound", "NOT_FOUND"],
  ["AlreadyExists", "ALREADY_EXISTS"],
  ["PermissionDenied", "PERMISSION_DENIED"],
  ["ResourceExhausted", "RESOURCE_EXHAUSTED"],
  ["FailedPrecondition", "FAILED_PRECONDITION"],
  ["Aborted", "ABORTED"],
  ["OutOfRange", "OUT_OF_RANGE"],
  ["Unimplemented", "UNIMPLEMENTED"],
  ["Internal", "INTERNAL"],
  ["Unavailable", "UNAVAILABLE"],
  ["DataLoss", "DATA_LOSS"],
  ["Unauthenticated", "UNAUTHENTICATED"],
];

/** The status that a gRPC call ended with; undefined for other requests. */
function grpcStatus(exchange: HttpExchange): number | undefined {
  const type = exchange.request("content-type");
  return type !== undefined && /^application\/grpc([+;]|$)/.test(type) ? endStatus(exchange) : undefined;
}

/** The status of trailers or head, or what the HTTP status comes to where there is none. */
export function endStatus(exchange: HttpExchange): number {
  const text = exchange.trailer?.("grpc-status") ?? exchange.response("grpc-status");
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : statusOfHttp(exchange.status);
}

/** What an answer without a status of its own comes to (gRPC's http-grpc-status-mapping). */
function statusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

const number = ({ exchange }: { readonly exchange?: HttpExchange | undefined }): OperatorValue =>
  exchange && grpcStatus(exchange);

const status: Operator = {
  argument: "optional",
  hasLength: false,
  read(argument) {
    if (argument === "NUMBER") return number;
    if (!["", "CAMEL_STRING", "SNAKE_STRING"].includes(argument)) {
      return {
        reason: `GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${argument}`,
      };
    }
    const form = argument === "SNAKE_STRING" ? 1 : 0;
    return ({ exchange }) => {
      const code = exchange && grpcStatus(exchange);
      return code === undefined ? undefined : (names[code]?.[form] ?? String(code));
    };
  },
};

export const grpcStatusOperators: OperatorTable = { GRPC_STATUS: status, GRPC_STATUS_NUMBER: plain(number) };
