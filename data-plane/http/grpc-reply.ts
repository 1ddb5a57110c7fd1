import type { HeaderList } from "../network/header-list.ts";
import type { LocalReply } from "../network/http-message.ts";

const GRPC_INTERNAL = 13;
const GRPC_UNKNOWN = 2;

/** Which status of gRPC a status of HTTP means (gRPC's own table). */
const grpcStatuses: ReadonlyMap<number, number> = new Map([
  [400, GRPC_INTERNAL],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
]);

/** The request is a gRPC call. */
export function isGrpc(headers: HeaderList): boolean {
  const type = headers.get("content-type");
  return type !== undefined && (type === "application/grpc" || type.startsWith("application/grpc+"));
}

/**
 * What a gRPC client is answered instead: 200, and what is wrong in the trailers, which are all there is. The headers are those that
 * it needs; the reply's own stand in front of them.
 */
export function grpcReply(reply: LocalReply): LocalReply {
  const status = grpcStatuses.get(reply.status) ?? GRPC_UNKNOWN;
  const message = reply.body === "" ? [] : [["grpc-message", percentEncoded(reply.body)] as const];
  return {
    status: 200,
    body: "",
    headers: [["content-type", "application/grpc"], ["grpc-status", String(status)], ...message],
    details: reply.details,
  };
}

/** As gRPC has it: printable ASCII but for the percent sign stays. */
function percentEncoded(text: string): string {
  return text.replaceAll(
    /[^\x20-\x24\x26-\x7e]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
