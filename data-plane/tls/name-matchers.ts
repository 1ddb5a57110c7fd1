import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { CertificateFacts } from "../network/certificate-facts.ts";
import type { SubjectAltName } from "../network/subject-alt-names.ts";
import { parseStringMatcher } from "../resources/string-match.ts";
import { notSupported } from "../resources/support.ts";
import { matchesDnsName } from "./dns-name-match.ts";

type Typed = MessageTypes["envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher"];
type Untyped = MessageTypes["envoy.type.matcher.v3.StringMatcher"];

/** True when a subject alternative name is one that is asked for. */
export type NameMatcher = (name: SubjectAltName) => boolean;

const kinds: Readonly<Record<string, SubjectAltName["kind"]>> = {
  DNS: "dns",
  URI: "uri",
  EMAIL: "email",
  IP_ADDRESS: "ip",
};

/** `match_typed_subject_alt_names[i]`. */
export function parseNameMatcher(matcher: Typed, path: string, problems: Problem[]): NameMatcher {
  const kind = kinds[matcher.san_type ?? ""];
  if (kind === undefined) problems.push(notSupported(`${path}.san_type`, String(matcher.san_type)));
  const test = matcherOf(matcher.matcher ?? {}, `${path}.matcher`, problems);
  return (name) => name.kind === kind && test(name);
}

/** The deprecated `match_subject_alt_names[i]`: a name of any kind. */
export function parseUntypedNameMatcher(matcher: Untyped, path: string, problems: Problem[]): NameMatcher {
  return matcherOf(matcher, path, problems);
}

function matcherOf(matcher: Untyped, path: string, problems: Problem[]): NameMatcher {
  const { exact } = matcher;
  const test = parseStringMatcher(matcher, path, problems);
  // An exact DNS name is one to be matched as DNS names are, wildcards of the certificate included.
  return ({ kind, value }) =>
    kind === "dns" && exact !== undefined ? matchesDnsName(exact, value) : test(value);
}

/** True when any of the certificate's names fits any of the matchers. */
export function matchesAnyName(matchers: readonly NameMatcher[], certificate: CertificateFacts): boolean {
  return matchers.some((matches) => certificate.names.some(matches));
}
