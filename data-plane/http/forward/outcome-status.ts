import type { HeaderList } from "../../network/header-list.ts";

/** The HTTP status that each `google.rpc.Code` stands for, by number. */
const httpStatuses = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
] as const;

const UNKNOWN_CODE = 500;
const grpcType = /^application\/grpc([+;]|$)/;
const digits = /^\d+$/;

/**
 * The status of a response as outlier detection takes it: of a gRPC call that failed without an answer, what its `grpc-status` stands
 * for. One that comes in trailers, behind an answer, is not looked at, as in Envoy.
 */
export function outcomeStatus(status: number, response: HeaderList, request: HeaderList): number {
  const code = response.get("grpc-status");
  if (code === undefined || !digits.test(code) || !grpcType.test(request.get("content-type") ?? "")) {
    return status;
  }
  return httpStatuses[Number(code)] ?? UNKNOWN_CODE;
}
