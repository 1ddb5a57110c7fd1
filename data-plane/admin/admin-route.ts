import type { AdminView } from "./admin-view.ts";

/** An answer of the admin endpoint. */
export interface AdminReply {
  readonly status: number;
  readonly type: "text" | "json" | "html";
  readonly body: string;
}

/** One path of the admin endpoint. */
export interface AdminRoute {
  readonly path: string;
  /** Changes something, so only POST is taken. */
  readonly isMutation: boolean;
  readonly help: string;
  /** Query parameters, each with its help. Others are refused rather than ignored; "any" is for names that users choose. */
  readonly parameters: Readonly<Record<string, string>> | "any";
  answer(view: AdminView, query: URLSearchParams): AdminReply;
}

export function textReply(body: string, status = 200): AdminReply {
  return { status, type: "text", body };
}

/** JSON as Envoy prints it, indented by one space. */
export function jsonReply(value: unknown): AdminReply {
  return { status: 200, type: "json", body: `${JSON.stringify(value, undefined, 1)}\n` };
}
