import type { Problem } from "../../../src/base/problem.ts";
import type { MessageTypes } from "../../../src/schema/api.ts";
import { headerOf } from "../../http/routes/route-match.ts";
import type { Address } from "../../network/address.ts";
import type { ConnectionInfo, MetadataValue } from "../../network/connection-info.ts";
import { localReply } from "../../network/http-message.ts";
import type { Extension, Installer } from "../../resources/extension.ts";
import type {
  HttpFilter,
  HttpFilterStream,
  HttpStreamView,
  RequestVerdict,
} from "../../resources/http-filter.ts";
import { goOn } from "../../resources/http-filter.ts";
import { asType } from "../../resources/message-type.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { unsupportedFields } from "../../resources/support.ts";
import type { StatsStore } from "../../stats/stats-store.ts";
import type { Decision, Engine } from "./engine.ts";
import { parseEngine, refusalDetails } from "./engine.ts";
import { decisionCounter, noteDecision, noteLogHint } from "./note-decision.ts";
import type { Subject } from "./subject.ts";

type RbacMessage = MessageTypes["envoy.extensions.filters.http.rbac.v3.RBAC"];

const typeName = "envoy.extensions.filters.http.rbac.v3.RBAC";
const routeTypeName = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute";
const metadataNamespace = "envoy.filters.http.rbac";

const support: SupportTable = {
  rules: true,
  rules_stat_prefix: true,
  shadow_rules: true,
  shadow_rules_stat_prefix: true,
};

/** The rules of one level. A route's stand in place of the filter's, all of them. */
class HttpRules {
  readonly engine: Engine | undefined;
  readonly shadow: Engine | undefined;
  readonly prefix: string;
  readonly shadowPrefix: string;
  readonly count: (decision: Decision) => void;
  readonly countShadow: (decision: Decision) => void;

  constructor(
    config: RbacMessage,
    engine: Engine | undefined,
    shadow: Engine | undefined,
    stats: StatsStore,
    scope: string,
  ) {
    this.engine = engine;
    this.shadow = shadow;
    this.prefix = config.rules_stat_prefix ?? "";
    this.shadowPrefix = config.shadow_rules_stat_prefix ?? "";
    this.count = decisionCounter(stats, `${scope}.rbac`, this.prefix, "");
    this.countShadow = decisionCounter(stats, `${scope}.rbac`, this.shadowPrefix, "shadow_");
  }
}

function parseRules(config: RbacMessage, path: string): Parsed<Installer<HttpRules>> {
  const problems: Problem[] = [...unsupportedFields(config, support, path)];
  const reading = { problems, kind: "http" } as const;
  const engine = parseEngine(config.rules, `${path}.rules`, reading);
  const shadow = parseEngine(config.shadow_rules, `${path}.shadow_rules`, reading);
  return parsed(({ stats }, scope) => new HttpRules(config, engine, shadow, stats, scope), problems);
}

/** `envoy.filters.http.rbac`: lets requests pass by what they ask for and who asks. */
export const httpRbac: Extension<HttpFilter> = {
  typeName,
  parse(message, _context, path) {
    const { value: install, problems } = parseRules(asType(typeName, message), path);
    if (!install) return { problems };
    return parsed((run, scope) => {
      const own = install(run, scope);
      return {
        kind: "stream",
        open(view) {
          const rules = view.routeConfigs(HttpRules)[0] ?? own;
          return rules.engine || rules.shadow ? new HttpRbacStream(rules, view) : undefined;
        },
      };
    }, problems);
  },
};

/** The filter's `typed_per_filter_config`; one without rules switches it off. */
export const httpRbacPerRoute: Extension<object> = {
  typeName: routeTypeName,
  parse(message, _context, path) {
    const unsupported = unsupportedFields(message, { rbac: true }, path);
    const { value, problems } = parseRules(asType(routeTypeName, message).rbac ?? {}, `${path}.rbac`);
    return value ? parsed(value, [...unsupported, ...problems]) : { problems: [...unsupported, ...problems] };
  },
};

/** One request, which is the subject of its own rules. */
class HttpRbacStream implements HttpFilterStream, Subject {
  readonly #rules: HttpRules;
  readonly #view: HttpStreamView;

  constructor(rules: HttpRules, view: HttpStreamView) {
    this.#rules = rules;
    this.#view = view;
  }

  get connection(): ConnectionInfo {
    return this.#view.connection;
  }

  get remote(): Address {
    return this.#view.remote;
  }

  /** What filters before this one found out comes before what the connection knew. */
  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined {
    return this.#view.metadata(namespace) ?? this.#view.connection.metadata(namespace);
  }

  header(name: string): string | undefined {
    return headerOf(this.#view.request, name);
  }

  onRequestHead(): RequestVerdict {
    const { engine, shadow, prefix, shadowPrefix, count, countShadow } = this.#rules;
    const view = this.#view;
    if (shadow) {
      const decision = shadow.decide(this);
      countShadow(decision);
      noteDecision(view, metadataNamespace, `${shadowPrefix}shadow_`, decision);
    }
    if (!engine) return goOn;
    const decision = engine.decide(this);
    if (engine.logs) noteLogHint(view, decision);
    count(decision);
    noteDecision(view, metadataNamespace, `${prefix}enforced_`, decision);
    if (decision.isAllowed) return goOn;
    return { kind: "reply", reply: localReply(403, refusalDetails(decision), "RBAC: access denied") };
  }
}
