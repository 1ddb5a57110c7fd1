import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { HeaderList } from "../network/header-list.ts";
import { localReply, type RequestHead, type ResponseHead } from "../network/http-message.ts";
import type { Extension, ParseContext } from "../resources/extension.ts";
import type { HttpFilterStream, HttpFilter, RequestVerdict } from "../resources/http-filter.ts";
import { goOn } from "../resources/http-filter.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import type { LiveFraction } from "../resources/runtime-fraction.ts";
import { isChosen, runtimeFraction, runtimeFractionSupport } from "../resources/runtime-fraction.ts";
import type { TextTest } from "../resources/string-match.ts";
import { stringMatcherSupport } from "../resources/header-match.ts";
import { parseStringMatcher } from "../resources/string-match.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import { wrapped } from "../resources/values.ts";

type PolicyMessage = MessageTypes["envoy.extensions.filters.http.cors.v3.CorsPolicy"];

const typeName = "envoy.extensions.filters.http.cors.v3.Cors";
const policyTypeName = "envoy.extensions.filters.http.cors.v3.CorsPolicy";

const policySupport: SupportTable = {
  allow_origin_string_match: stringMatcherSupport,
  allow_methods: true,
  allow_headers: true,
  expose_headers: true,
  max_age: true,
  allow_credentials: true,
  filter_enabled: runtimeFractionSupport,
  shadow_enabled: runtimeFractionSupport,
  allow_private_network_access: true,
  forward_not_matching_preflights: true,
};

/** What a level of the route allows. What it does not say is left to the level around it. */
class CorsPolicy {
  readonly origins: readonly TextTest[];
  readonly enabled: LiveFraction;
  readonly shadowEnabled: LiveFraction;
  readonly methods: string;
  readonly headers: string;
  readonly exposed: string;
  readonly maxAge: string;
  readonly allowsCredentials: boolean | undefined;
  readonly allowsPrivateNetwork: boolean | undefined;
  readonly forwardsOtherPreflights: boolean | undefined;

  constructor(policy: PolicyMessage, context: ParseContext, path: string, problems: Problem[]) {
    this.origins = (policy.allow_origin_string_match ?? []).map((matcher, index) =>
      parseStringMatcher(matcher, `${path}.allow_origin_string_match[${index}]`, problems),
    );
    this.enabled = runtimeFraction(policy.filter_enabled, context, 1);
    this.shadowEnabled = runtimeFraction(policy.shadow_enabled, context, 0);
    this.methods = policy.allow_methods ?? "";
    this.headers = policy.allow_headers ?? "";
    this.exposed = policy.expose_headers ?? "";
    this.maxAge = policy.max_age ?? "";
    this.allowsCredentials = wrapped<boolean | undefined>(policy.allow_credentials, false, undefined);
    this.allowsPrivateNetwork = wrapped<boolean | undefined>(
      policy.allow_private_network_access,
      false,
      undefined,
    );
    this.forwardsOtherPreflights = wrapped<boolean | undefined>(
      policy.forward_not_matching_preflights,
      false,
      undefined,
    );
  }
}

/** `envoy.filters.http.cors`: answers preflights and tells browsers who may read answers, by the policy of the route. */
export const cors: Extension<HttpFilter> = {
  typeName,
  parse(message, _context, path) {
    return parsed(
      (run, scope) => {
        const counters = run.stats.counters(`${scope}.cors`, ["origin_invalid", "origin_valid"]);
        return {
          kind: "stream",
          open(view) {
            const policies = view.routeConfigs(CorsPolicy);
            return policies[0] && new CorsStream(policies[0], policies, counters, run.random);
          },
        };
      },
      unsupportedFields(message, {}, path),
    );
  },
};

/** The filter's `typed_per_filter_config`. */
export const corsPolicy: Extension<object> = {
  typeName: policyTypeName,
  parse(message, context, path) {
    const problems = [...unsupportedFields(message, policySupport, path)];
    const policy = new CorsPolicy(asType(policyTypeName, message), context, path, problems);
    return parsed(() => policy, problems);
  },
};

class CorsStream implements HttpFilterStream {
  readonly #innermost: CorsPolicy;
  readonly #policies: readonly CorsPolicy[];
  readonly #counters: Record<"origin_invalid" | "origin_valid", number>;
  readonly #random: () => number;
  /** Set once the answer is to be allowed to the origin. */
  #origin: string | undefined;

  constructor(
    innermost: CorsPolicy,
    policies: readonly CorsPolicy[],
    counters: Record<"origin_invalid" | "origin_valid", number>,
    random: () => number,
  ) {
    this.#innermost = innermost;
    this.#policies = policies;
    this.#counters = counters;
    this.#random = random;
  }

  onRequestHead({ method, headers }: RequestHead): RequestVerdict {
    const isEnabled = isChosen(this.#innermost.enabled(), this.#random);
    if (!isEnabled && !isChosen(this.#innermost.shadowEnabled(), this.#random)) return goOn;
    const origin = headers.get("origin");
    if (origin === undefined || origin === "") return goOn;
    const isPreflight = method === "OPTIONS" && (headers.get("access-control-request-method") ?? "") !== "";
    if (!this.#isAllowed(origin)) {
      this.#counters.origin_invalid += 1;
      const isForwarded = this.#first((policy) => policy.forwardsOtherPreflights) ?? true;
      return isEnabled && isPreflight && !isForwarded ? this.#preflight(headers, undefined) : goOn;
    }
    this.#counters.origin_valid += 1;
    if (!isEnabled) return goOn;
    this.#origin = origin;
    return isPreflight ? this.#preflight(headers, origin) : goOn;
  }

  onResponseHead({ headers }: ResponseHead): void {
    if (this.#origin === undefined) return;
    headers.set("access-control-allow-origin", this.#origin);
    if (this.#allowsCredentials) headers.set("access-control-allow-credentials", "true");
    const exposed = this.#text((policy) => policy.exposed);
    if (exposed !== "") headers.set("access-control-expose-headers", exposed);
  }

  /** `allowed`: the origin, if it is. */
  #preflight(request: HeaderList, allowed: string | undefined): RequestVerdict {
    const isPrivate =
      request.get("access-control-request-private-network") === "true" &&
      this.#first((policy) => policy.allowsPrivateNetwork);
    const headers: readonly (readonly [string, string])[] = [
      ["access-control-allow-origin", allowed ?? ""],
      ["access-control-allow-credentials", allowed !== undefined && this.#allowsCredentials ? "true" : ""],
      ["access-control-allow-methods", this.#text((policy) => policy.methods)],
      ["access-control-allow-headers", this.#text((policy) => policy.headers)],
      ["access-control-max-age", this.#text((policy) => policy.maxAge)],
      ["access-control-allow-private-network", isPrivate ? "true" : ""],
    ];
    const said = headers.filter(([, value]) => value !== "");
    return { kind: "reply", reply: localReply(200, "cors_response", "", said) };
  }

  get #allowsCredentials(): boolean {
    return this.#first((policy) => policy.allowsCredentials) ?? false;
  }

  /** "*" among the origins allows every one. */
  #isAllowed(origin: string): boolean {
    const { origins = [] } = this.#policies.find((policy) => policy.origins.length > 0) ?? {};
    return origins.some((test) => test("*") || test(origin));
  }

  #text(of: (policy: CorsPolicy) => string): string {
    return this.#first((policy) => of(policy) || undefined) ?? "";
  }

  #first<Value>(of: (policy: CorsPolicy) => Value | undefined): Value | undefined {
    for (const policy of this.#policies) {
      const value = of(policy);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
