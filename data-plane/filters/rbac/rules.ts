import type { MessageTypes } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { Address } from "../../network/address.ts";
import { cidrRange, isInRange } from "../../network/cidr-range.ts";
import {
  headerMatcherSupport,
  parseHeaderMatcher,
  stringMatcherSupport,
} from "../../resources/header-match.ts";
import { refuse } from "../../resources/parsed.ts";
import { parseStringMatcher } from "../../resources/string-match.ts";
import type { SupportTable } from "../../resources/support.ts";
import { oneOf, unsupportedFields } from "../../resources/support.ts";
import { metadataMatcherSupport, parseMetadataMatcher } from "../../resources/value-match.ts";
import { wrapped } from "../../resources/values.ts";
import type { Subject, SubjectTest } from "./subject.ts";

type Permission = MessageTypes["envoy.config.rbac.v3.Permission"];
type Principal = MessageTypes["envoy.config.rbac.v3.Principal"];
type CidrRange = MessageTypes["envoy.config.core.v3.CidrRange"];
type StringMatcher = MessageTypes["envoy.type.matcher.v3.StringMatcher"];

/** What reading rules goes by. */
export interface Reading {
  readonly problems: Problem[];
  /** `http`: there are requests with headers to look at. */
  readonly kind: "http" | "network";
}

const range: SupportTable = { address_prefix: true, prefix_len: true };

const both: SupportTable = {
  any: true,
  header: headerMatcherSupport,
  url_path: { path: stringMatcherSupport },
  metadata: metadataMatcherSupport,
  sourced_metadata: { metadata_matcher: metadataMatcherSupport, metadata_source: oneOf("DYNAMIC") },
};

const permissionSupport: SupportTable = {
  ...both,
  destination_ip: range,
  destination_port: true,
  destination_port_range: { start: true, end: true },
  requested_server_name: stringMatcherSupport,
};

const principalSupport: SupportTable = {
  ...both,
  source_ip: range,
  direct_remote_ip: range,
  remote_ip: range,
  authenticated: { principal_name: stringMatcherSupport },
};

/** `envoy.config.rbac.v3.Permission`: what is asked for. */
export function parsePermission(rule: Permission, path: string, reading: Reading): SubjectTest {
  const read = (one: Permission, at: string) => parsePermission(one, at, reading);
  const { and_rules: and, or_rules: or, not_rule: not } = rule;
  if (and)
    return every((and.rules ?? []).map((one, index) => read(one, `${path}.and_rules.rules[${index}]`)));
  if (or) return some((or.rules ?? []).map((one, index) => read(one, `${path}.or_rules.rules[${index}]`)));
  if (not) return negated(read(not, `${path}.not_rule`));
  reading.problems.push(...unsupportedFields(rule, permissionSupport, path));
  const { destination_ip: ip, destination_port: port, destination_port_range: ports } = rule;
  if (ip) return inRange(ip, `${path}.destination_ip`, reading, ({ connection }) => connection.local);
  if (port !== undefined) return ({ connection }) => portOf(connection.local) === port;
  if (ports) {
    const { start = 0, end = 0 } = ports;
    return ({ connection }) => {
      const found = portOf(connection.local);
      return found !== undefined && found >= start && found < end;
    };
  }
  if (rule.requested_server_name) {
    const at = `${path}.requested_server_name`;
    const test = parseStringMatcher(rule.requested_server_name, at, reading.problems);
    return ({ connection }) => test(connection.tls?.serverName || connection.serverName);
  }
  return parseEither(rule, path, reading);
}

/** `envoy.config.rbac.v3.Principal`: who asks. */
export function parsePrincipal(id: Principal, path: string, reading: Reading): SubjectTest {
  const read = (one: Principal, at: string) => parsePrincipal(one, at, reading);
  const { and_ids: and, or_ids: or, not_id: not } = id;
  if (and) return every((and.ids ?? []).map((one, index) => read(one, `${path}.and_ids.ids[${index}]`)));
  if (or) return some((or.ids ?? []).map((one, index) => read(one, `${path}.or_ids.ids[${index}]`)));
  if (not) return negated(read(not, `${path}.not_id`));
  reading.problems.push(...unsupportedFields(id, principalSupport, path));
  const { source_ip: source, direct_remote_ip: direct, remote_ip: remote } = id;
  if (source) return inRange(source, `${path}.source_ip`, reading, ({ connection }) => connection.remote);
  if (direct) {
    return inRange(direct, `${path}.direct_remote_ip`, reading, ({ connection }) => connection.directRemote);
  }
  if (remote) return inRange(remote, `${path}.remote_ip`, reading, (subject) => subject.remote);
  if (id.authenticated) {
    return parseAuthenticated(id.authenticated.principal_name ?? undefined, `${path}.authenticated`, reading);
  }
  return parseEither(id, path, reading);
}

/** What permissions and principals have in common. */
function parseEither(rule: Permission | Principal, path: string, reading: Reading): SubjectTest {
  if (rule.any !== undefined) return () => true;
  if (rule.header) {
    if (reading.kind === "network") {
      reading.problems.push(
        refuse(`${path}.header`, "Found header rule, not supported by RBAC network filter"),
      );
    }
    const test = parseHeaderMatcher(rule.header, `${path}.header`, reading.problems);
    return (subject) => test((name) => subject.header(name));
  }
  if (rule.url_path) {
    const test = parseStringMatcher(rule.url_path.path ?? {}, `${path}.url_path.path`, reading.problems);
    return (subject) => {
      const found = subject.header(":path");
      return found !== undefined && test(found.replace(/[?#].*$/s, ""));
    };
  }
  const [matcher, field] = rule.metadata
    ? [rule.metadata, "metadata"]
    : [rule.sourced_metadata?.metadata_matcher, "sourced_metadata.metadata_matcher"];
  // What is left is refused by its name.
  if (!matcher) return () => false;
  const test = parseMetadataMatcher(matcher, `${path}.${field}`, reading.problems);
  return (subject) => test((namespace) => subject.metadata(namespace));
}

/** The URI names of the client's certificate, then its DNS names, then its subject; without a matcher TLS is enough. */
function parseAuthenticated(name: StringMatcher | undefined, path: string, reading: Reading): SubjectTest {
  if (!name) return ({ connection }) => connection.tls !== undefined;
  const test = parseStringMatcher(name, `${path}.principal_name`, reading.problems);
  return ({ connection }) => {
    if (!connection.tls) return false;
    const { peer } = connection.tls;
    return [...(peer?.namesOf("uri") ?? []), ...(peer?.namesOf("dns") ?? []), peer?.subject ?? ""].some(test);
  };
}

function inRange(
  cidr: CidrRange,
  path: string,
  reading: Reading,
  of: (subject: Subject) => Address,
): SubjectTest {
  const found = cidrRange(cidr.address_prefix ?? "", wrapped(cidr.prefix_len, 0, 0));
  if (!found) {
    reading.problems.push(refuse(path, `malformed IP address: ${cidr.address_prefix ?? ""}`));
    return () => false;
  }
  return (subject) => isInRange(found, of(subject));
}

function portOf(address: Address): number | undefined {
  return address.family === "pipe" ? undefined : address.port;
}

function every(tests: readonly SubjectTest[]): SubjectTest {
  return (subject) => tests.every((test) => test(subject));
}

function some(tests: readonly SubjectTest[]): SubjectTest {
  return (subject) => tests.some((test) => test(subject));
}

function negated(test: SubjectTest): SubjectTest {
  return (subject) => !test(subject);
}
