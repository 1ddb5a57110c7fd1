import { grpcStatusOperators } from "./grpc-status.ts";
import type { HttpExchange } from "./format-source.ts";
import {
  plain,
  type Operator,
  type OperatorRefusal,
  type OperatorTable,
  type OperatorValue,
} from "./operator.ts";

/** Bytes that may stand in a header's name here; `:path` and its like may too. */
const headerName = /^:?[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;

/** `NAME` or `NAME?OTHER`, lower-case. */
function headerNames(argument: string): readonly string[] | OperatorRefusal {
  const names = argument.toLowerCase().split("?");
  if (names.length > 2) return { reason: `More than 1 alternative header specified in token: ${argument}` };
  if (names.every((name) => headerName.test(name))) return names.filter((name) => name !== "");
  return { reason: "Invalid header configuration. Format string contains invalid characters." };
}

/** The first of the named headers that is there. */
function header(of: (exchange: HttpExchange, name: string) => string | undefined): Operator {
  return {
    argument: "required",
    hasLength: true,
    read(argument) {
      const names = headerNames(argument);
      if ("reason" in names) return names;
      return ({ exchange }) => {
        if (!exchange) return undefined;
        for (const name of names) {
          const value = of(exchange, name);
          if (value !== undefined) return value;
        }
        return undefined;
      };
    },
  };
}

const exchanged = (of: (exchange: HttpExchange) => OperatorValue): Operator =>
  plain(({ exchange }) => exchange && of(exchange));

const originalPath = (exchange: HttpExchange) => exchange.request("x-envoy-original-path");
const currentPath = (exchange: HttpExchange) => exchange.request(":path");
const eitherPath = (exchange: HttpExchange) => originalPath(exchange) ?? currentPath(exchange);

const paths: Readonly<Record<string, (exchange: HttpExchange) => string | undefined>> = {
  "": eitherPath,
  ORIG_OR_PATH: eitherPath,
  ORIG: originalPath,
  PATH: currentPath,
};

/** `%PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)%`: with its query or without it. */
const path: Operator = {
  argument: "optional",
  hasLength: true,
  read(argument) {
    const [query = "", which = ""] = argument.split(":");
    if (!["", "WQ", "NQ"].includes(query)) {
      return { reason: `Invalid PATH option: '${query}', only 'WQ'/'NQ' are allowed` };
    }
    const of = Object.hasOwn(paths, which) ? paths[which] : undefined;
    if (!of)
      return { reason: `Invalid PATH option: '${which}', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed` };
    return ({ exchange }) => {
      const value = exchange && of(exchange);
      return query === "NQ" ? value?.split(/[?#]/, 1)[0] : value;
    };
  },
};

function queryOf(exchange: HttpExchange | undefined): string | undefined {
  const text = exchange && currentPath(exchange);
  const at = text?.indexOf("?") ?? -1;
  return at < 0 ? undefined : text?.slice(at + 1).split("#", 1)[0];
}

/** The value of the first parameter of a name, as it was sent. */
const queryParameter: Operator = {
  argument: "required",
  hasLength: true,
  read:
    (name) =>
    ({ exchange }) => {
      for (const pair of queryOf(exchange)?.split("&") ?? []) {
        const at = pair.indexOf("=");
        if ((at < 0 ? pair : pair.slice(0, at)) === name) return at < 0 ? "" : pair.slice(at + 1);
      }
      return undefined;
    },
};

/** About a request. What belongs to a request has no value on a bare connection (PP-105). */
export const requestOperators: OperatorTable = {
  REQ: header((exchange, name) => exchange.request(name)),
  RESP: header((exchange, name) => exchange.response(name)),
  TRAILER: header((exchange, name) => exchange.trailer?.(name)),
  RESPONSE_CODE: plain(({ exchange }) => exchange?.status ?? 0),
  PROTOCOL: exchanged(({ protocol }) => protocol),
  ROUTE_NAME: exchanged(({ routeName }) => routeName || undefined),
  PATH: path,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: exchanged(queryOf),
  ...grpcStatusOperators,
};
