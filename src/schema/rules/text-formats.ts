import { parseIp } from "../../base/ip-address.ts";
import type { Check, RuleSet } from "./check.ts";

interface Format {
  readonly matches: (text: string) => boolean;
  readonly complaint: string;
}

const hostnameLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

function isHostname(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => hostnameLabel.test(label));
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  return at > 0 && at <= 64 && text.length <= 254 && !/[\s<>]/.test(text) && isHostname(text.slice(at + 1));
}

const uri = /^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]*$/;
const uuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** The well-known formats of protoc-gen-validate's string rules. */
const formats: ReadonlyMap<string, Format> = new Map([
  [
    "ip",
    { matches: (text: string) => parseIp(text) !== undefined, complaint: "value must be a valid IP Address" },
  ],
  [
    "ipv4",
    {
      matches: (text: string) => parseIp(text)?.length === 4,
      complaint: "value must be a valid IPv4 Address",
    },
  ],
  [
    "ipv6",
    {
      matches: (text: string) => parseIp(text)?.length === 16,
      complaint: "value must be a valid IPv6 Address",
    },
  ],
  ["hostname", { matches: isHostname, complaint: "value must be a valid hostname" }],
  [
    "address",
    {
      matches: (text: string) => isHostname(text) || parseIp(text) !== undefined,
      complaint: "value must be an ip address, or a hostname.",
    },
  ],
  ["email", { matches: isEmail, complaint: "value must be a valid email address" }],
  ["uri", { matches: (text: string) => uri.test(text), complaint: "value must be a valid URI" }],
  ["uri_ref", { matches: (text: string) => !/\s/.test(text), complaint: "value must be a valid URI" }],
  ["uuid", { matches: (text: string) => uuid.test(text), complaint: "value must be a valid UUID" }],
]);

/** HTTP_HEADER_NAME and HTTP_HEADER_VALUE; unless strict, only NUL, CR and LF are refused (validate.proto). */
const headerFormats: ReadonlyMap<string, readonly [pattern: RegExp, shown: string]> = new Map([
  ["HTTP_HEADER_NAME", [/^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/, "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$"] as const],
  // oxlint-disable-next-line no-control-regex -- the rule is about control characters
  ["HTTP_HEADER_VALUE", [/^[^\x00-\x08\x0a-\x1f\x7f]*$/, "^[^\\x00-\\b\\n-\\x1f\\x7f]*$"] as const],
  // oxlint-disable-next-line no-control-regex -- the rule is about control characters
  ["loose HTTP_HEADER_NAME", [/^[^\x00\n\r]*$/, "^[^\\x00\\n\\r]*$"] as const],
  // oxlint-disable-next-line no-control-regex -- the rule is about control characters
  ["loose HTTP_HEADER_VALUE", [/^[^\x00\n\r]*$/, "^[^\\x00\\n\\r]*$"] as const],
]);

/** The well-known format of a string rule set, if it names one. */
export function formatCheck(rules: RuleSet): Check | undefined {
  const known = rules["well_known_regex"];
  if (typeof known === "string") {
    const header = headerFormats.get(rules["strict"] === false ? `loose ${known}` : known);
    if (!header) return undefined;
    const [pattern, shown] = header;
    const complaint = `value does not match regex pattern "${shown}"`;
    return (value) => (pattern.test(String(value)) ? undefined : complaint);
  }
  for (const [name, { matches, complaint }] of formats) {
    if (rules[name] === true) return (value) => (matches(String(value)) ? undefined : complaint);
  }
  return undefined;
}
