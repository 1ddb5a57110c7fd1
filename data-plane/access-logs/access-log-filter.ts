import { unreachable } from "../../src/base/unreachable.ts";
import { isRecord } from "../../src/schema/record.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { FormatSource } from "../network/format-string.ts";
import { endStatus } from "../network/format/grpc-status.ts";
import { flagsOf } from "../network/format/stream-operators.ts";
import type { ParseContext } from "../resources/extension.ts";
import { headerMatcherSupport, parseHeaderMatcher } from "../resources/header-match.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";

type Filter = MessageTypes["envoy.config.accesslog.v3.AccessLogFilter"];
type Comparison = MessageTypes["envoy.config.accesslog.v3.ComparisonFilter"];

/** Which entries a log has; `random` gives a number in [0, 1). */
export type EntryTest = (entry: FormatSource, random: () => number) => boolean;

const comparisonSupport: SupportTable = {
  comparison: { op: true, value: { default_value: true, runtime_key: true } },
};

/** What is read of an `AccessLogFilter`; filters in filters too. */
export const filterSupport: SupportTable = {
  status_code_filter: comparisonSupport,
  duration_filter: comparisonSupport,
  not_health_check_filter: true,
  and_filter: { filters: nestedProblems },
  or_filter: { filters: nestedProblems },
  runtime_filter: { runtime_key: true, percent_sampled: true, use_independent_randomness: true },
  header_filter: { header: headerMatcherSupport },
  response_flag_filter: { flags: true },
  grpc_status_filter: { statuses: true, exclude: true },
  log_type_filter: { types: true, exclude: true },
};

function nestedProblems(filter: unknown, path: string): readonly Problem[] {
  return isRecord(filter) ? unsupportedFields(filter, filterSupport, path) : [];
}

/** Reads `envoy.config.accesslog.v3.AccessLogFilter`. What is not in `filterSupport` lets everything through: it is refused there. */
export function parseFilter(
  filter: Filter,
  context: ParseContext,
  path: string,
  problems: Problem[],
): EntryTest {
  if (filter.status_code_filter) {
    const compare = comparison(filter.status_code_filter.comparison, context);
    return ({ exchange }) => compare(exchange?.status ?? 0);
  }
  if (filter.duration_filter) {
    const compare = comparison(filter.duration_filter.comparison, context);
    return ({ transfer }) => compare(Math.trunc(transfer?.durationMs ?? 0));
  }
  if (filter.not_health_check_filter) return ({ outcome }) => outcome?.isHealthCheck !== true;
  if (filter.and_filter) {
    const all = parseFilters(filter.and_filter.filters, context, `${path}.and_filter`, problems);
    return (entry, random) => all.every((test) => test(entry, random));
  }
  if (filter.or_filter) {
    const any = parseFilters(filter.or_filter.filters, context, `${path}.or_filter`, problems);
    return (entry, random) => any.some((test) => test(entry, random));
  }
  if (filter.runtime_filter) return sample(filter.runtime_filter, context);
  if (filter.header_filter) {
    const header = filter.header_filter.header ?? {};
    const test = parseHeaderMatcher(header, `${path}.header_filter.header`, problems);
    return ({ exchange }) => test((name) => exchange?.request(name, true));
  }
  if (filter.response_flag_filter) {
    const wanted = new Set(filter.response_flag_filter.flags);
    return (entry) => {
      const flags = flagsOf(entry);
      return wanted.size === 0 ? flags.length > 0 : flags.some((flag) => wanted.has(flag));
    };
  }
  if (filter.grpc_status_filter) return grpcStatusTest(filter.grpc_status_filter);
  if (filter.log_type_filter) {
    const { types, exclude = false } = filter.log_type_filter;
    const wanted = new Set<string | number>(types);
    return ({ outcome }) => wanted.has(outcome?.logType ?? "NotSet") !== exclude;
  }
  return () => true;
}

function parseFilters(
  filters: readonly Filter[] | undefined,
  context: ParseContext,
  path: string,
  problems: Problem[],
): readonly EntryTest[] {
  return (filters ?? []).map((filter, index) =>
    parseFilter(filter, context, `${path}.filters[${index}]`, problems),
  );
}

function comparison(
  { op, value }: Comparison | { readonly op?: undefined; readonly value?: undefined } = {},
  { runtime }: ParseContext,
): (found: number) => boolean {
  const limit = () => runtime.integer(value?.runtime_key ?? "", value?.default_value ?? 0);
  switch (op) {
    case "GE":
      return (found) => found >= limit();
    case "LE":
      return (found) => found <= limit();
    case "NE":
      return (found) => found !== limit();
    case "EQ":
    case undefined:
      return (found) => found === limit();
    default:
      return unreachable(op);
  }
}

const denominators: Readonly<Record<string, number>> = {
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION: 1_000_000,
};

/** A part of the entries; all entries of one request id alike, so that hops which sample the same log the same requests. */
function sample(
  {
    runtime_key: key = "",
    percent_sampled: percent,
    use_independent_randomness: isIndependent,
  }: NonNullable<Filter["runtime_filter"]>,
  { runtime }: ParseContext,
): EntryTest {
  const denominator = denominators[percent?.denominator ?? "HUNDRED"] ?? 100;
  const own = (percent?.numerator ?? 0) / denominator;
  return ({ exchange }, random) => {
    const id =
      isIndependent === true ? undefined : /^[0-9a-f]{8}/i.exec(exchange?.request("x-request-id") ?? "")?.[0];
    const drawn = id === undefined ? random() : (Number.parseInt(id, 16) % denominator) / denominator;
    return drawn < runtime.fraction(key, own);
  };
}

function grpcStatusTest({ statuses, exclude = false }: NonNullable<Filter["grpc_status_filter"]>): EntryTest {
  const wanted = new Set((statuses ?? []).map((status) => grpcCodes.indexOf(status)));
  return ({ exchange }) => wanted.has(exchange ? endStatus(exchange) : UNKNOWN) !== exclude;
}

const UNKNOWN = 2;

/** `GrpcStatusFilter.Status` in order of its numbers. */
const grpcCodes: readonly string[] = [
  "OK",
  "CANCELED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
