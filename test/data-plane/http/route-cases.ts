import type { JsonObject } from "../../kit/json.ts";

/** A match, and requests (target, host, header lines) that it is or is not for. */
export interface MatchCase {
  readonly match: JsonObject;
  readonly takes: readonly RouteRequest[];
  readonly leaves: readonly RouteRequest[];
}

export interface RouteRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const at = (path: string, headers?: Readonly<Record<string, string>>): RouteRequest =>
  headers ? { path, headers } : { path };
const withHeader = (matcher: JsonObject): JsonObject => ({
  prefix: "/",
  headers: [{ name: "X-A", ...matcher }],
});
const withQuery = (matcher: JsonObject): JsonObject => ({
  prefix: "/",
  query_parameters: [{ name: "q", ...matcher }],
});

/** Every kind of match, as Envoy 1.40 decides. */
export const matchCases: readonly MatchCase[] = [
  { match: { prefix: "/a" }, takes: [at("/a"), at("/ab?x")], leaves: [at("/A"), at("/b/a")] },
  { match: { prefix: "/a", case_sensitive: false }, takes: [at("/A")], leaves: [at("/b")] },
  { match: { path: "/a" }, takes: [at("/a"), at("/a?x=1")], leaves: [at("/a/"), at("/ab")] },
  {
    match: { path_separated_prefix: "/a/b" },
    takes: [at("/a/b"), at("/a/b/c"), at("/a/b?x")],
    leaves: [at("/a/bc"), at("/a")],
  },
  {
    match: { safe_regex: { regex: "/[a-c]+/\\d" } },
    takes: [at("/abc/1"), at("/a/2?x")],
    leaves: [at("/abc/12"), at("/d/1")],
  },
  {
    match: withHeader({ string_match: { exact: "1" } }),
    takes: [at("/", { "x-a": "1" })],
    leaves: [at("/"), at("/", { "x-a": "2" })],
  },
  {
    match: withHeader({ string_match: { prefix: "AB", ignore_case: true } }),
    takes: [at("/", { "x-a": "abc" })],
    leaves: [at("/", { "x-a": "b" })],
  },
  {
    match: withHeader({ string_match: { suffix: "z" } }),
    takes: [at("/", { "x-a": "az" })],
    leaves: [at("/", { "x-a": "za" })],
  },
  {
    match: withHeader({ string_match: { contains: "b" } }),
    takes: [at("/", { "x-a": "abc" })],
    leaves: [at("/", { "x-a": "ac" })],
  },
  {
    match: withHeader({ string_match: { safe_regex: { regex: "a+" } } }),
    takes: [at("/", { "x-a": "aa" })],
    leaves: [at("/", { "x-a": "aab" })],
  },
  {
    match: withHeader({ range_match: { start: "-5", end: "5" } }),
    takes: [at("/", { "x-a": "-5" }), at("/", { "x-a": "4" })],
    leaves: [at("/", { "x-a": "5" }), at("/", { "x-a": "one" })],
  },
  { match: withHeader({ present_match: true }), takes: [at("/", { "x-a": "" })], leaves: [at("/")] },
  { match: withHeader({ present_match: false }), takes: [at("/")], leaves: [at("/", { "x-a": "1" })] },
  {
    match: withHeader({ present_match: true, invert_match: true }),
    takes: [at("/")],
    leaves: [at("/", { "x-a": "1" })],
  },
  {
    match: withHeader({ string_match: { exact: "1" }, invert_match: true }),
    takes: [at("/", { "x-a": "2" })],
    leaves: [at("/", { "x-a": "1" }), at("/")],
  },
  {
    match: withHeader({ string_match: { exact: "" }, treat_missing_header_as_empty: true }),
    takes: [at("/")],
    leaves: [at("/", { "x-a": "1" })],
  },
  {
    match: { prefix: "/", headers: [{ name: ":method", string_match: { exact: "GET" } }] },
    takes: [at("/")],
    leaves: [],
  },
  {
    match: withQuery({ string_match: { exact: "1" } }),
    takes: [at("/?q=1"), at("/?a=b&q=1")],
    leaves: [at("/"), at("/?q=2"), at("/?Q=1")],
  },
  { match: withQuery({ present_match: true }), takes: [at("/?q"), at("/?q=")], leaves: [at("/?p")] },
];

/** Domains of virtual hosts, in an order that must not matter, and the one that a host belongs to. */
export const domainCases: readonly (readonly [host: string, domain: string])[] = [
  ["a.example", "a.example"],
  ["A.EXAMPLE", "a.example"],
  ["b.example", "*.example"],
  ["c.b.example", "*.b.example"],
  [".example", "*"],
  ["foo.bar", "foo.*"],
  ["foo.bar.com", "foo.bar.*"],
  ["other", "*"],
  ["a.example:80", "*"],
];
export const domains = ["*", "foo.*", "*.example", "a.example", "*.b.example", "foo.bar.*"];

/** A redirect, a request to `http://a.example`, and its `location`. */
export const redirectCases: readonly (readonly [redirect: JsonObject, path: string, location: string])[] = [
  [{ host_redirect: "b" }, "/x?y", "http://b/x?y"],
  [{ https_redirect: true }, "/x", "https://a.example/x"],
  [{ scheme_redirect: "ftp" }, "/x", "ftp://a.example/x"],
  [{ port_redirect: 8080 }, "/x", "http://a.example:8080/x"],
  [{ path_redirect: "/new" }, "/x?y", "http://a.example/new?y"],
  [{ path_redirect: "/new?z" }, "/x?y", "http://a.example/new?z"],
  [{ path_redirect: "/new", strip_query: true }, "/x?y", "http://a.example/new"],
  [{ prefix_rewrite: "/new/" }, "/x?y", "http://a.example/new/x?y"],
  [{ strip_query: true }, "/x?y", "http://a.example/x"],
];
