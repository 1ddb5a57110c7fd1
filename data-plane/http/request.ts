import type { HeaderList } from "../network/header-list.ts";

/** The head of a request on its way through: routes and filters write to it. */
export interface RequestHead {
  readonly method: string;
  path: string;
  /** `host` is among them. */
  readonly headers: HeaderList;
  /** As `x-forwarded-proto` tells it. */
  scheme: "http" | "https";
}

/** What is answered without asking an upstream. */
export interface LocalReply {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function localReply(status: number, body = "", headers: LocalReply["headers"] = []): LocalReply {
  return { status, body, headers };
}

/** The path without its query. */
export function pathOnly(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}
