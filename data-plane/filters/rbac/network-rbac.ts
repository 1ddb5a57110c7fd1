import type { Problem } from "../../../src/base/problem.ts";
import type { MetadataValue } from "../../network/connection-info.ts";
import type { DownstreamConnection, Extension, NetworkFilter } from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import { parsed } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { oneOf, unsupportedFields } from "../../resources/support.ts";
import { parseEngine, refusalDetails } from "./engine.ts";
import { decisionCounter, noteDecision, noteLogHint } from "./note-decision.ts";
import type { Subject } from "./subject.ts";

const typeName = "envoy.extensions.filters.network.rbac.v3.RBAC";
const namespace = "envoy.filters.network.rbac";

const support: SupportTable = {
  rules: true,
  shadow_rules: true,
  stat_prefix: true,
  shadow_rules_stat_prefix: true,
  // What a connection is asked about does not change while it lasts.
  enforcement_type: oneOf("ONE_TIME_ON_FIRST_BYTE"),
};

/**
 * `envoy.filters.network.rbac`: closes connections that the rules refuse. They are asked when the first byte of the client comes, so that
 * a server that speaks first is heard before.
 */
export const networkRbac: Extension<NetworkFilter> = {
  typeName,
  parse(message, _context, path) {
    const config = asType(typeName, message);
    const problems: Problem[] = [...unsupportedFields(message, support, path)];
    const reading = { problems, kind: "network" } as const;
    const engine = parseEngine(config.rules, `${path}.rules`, reading);
    const shadow = parseEngine(config.shadow_rules, `${path}.shadow_rules`, reading);
    const { stat_prefix: scope = "", shadow_rules_stat_prefix: shadowPrefix = "" } = config;
    return parsed(({ stats }) => {
      const count = decisionCounter(stats, `${scope}rbac`, "", "");
      const countShadow = decisionCounter(stats, `${scope}rbac`, shadowPrefix, "shadow_");
      const isRefused = ({ info }: DownstreamConnection): boolean => {
        const subject: Subject = {
          connection: info,
          remote: info.remote,
          metadata: (name) => info.metadata(name),
          header: noHeader,
        };
        const sink = {
          addMetadata(name: string, fields: Readonly<Record<string, MetadataValue>>) {
            for (const [key, value] of Object.entries(fields)) info.addMetadata(name, key, value);
          },
        };
        if (shadow) {
          const decision = shadow.decide(subject);
          countShadow(decision);
          noteDecision(sink, namespace, `${shadowPrefix}shadow_`, decision);
        }
        if (!engine) return false;
        const decision = engine.decide(subject);
        if (engine.logs) noteLogHint(sink, decision);
        count(decision);
        if (!decision.isAllowed) info.terminationDetails = refusalDetails(decision);
        return !decision.isAllowed;
      };
      return {
        kind: "gate",
        admit(connection) {
          if (connection.early.length > 0) return isRefused(connection) ? "end" : "continue";
          const { socket } = connection;
          // While somebody listens to `readable`, nothing flows to who listens to `data`.
          socket.once("readable", () => {
            if (socket.readableLength > 0 && isRefused(connection)) socket.destroy();
          });
          return "continue";
        },
      };
    }, problems);
  },
};

function noHeader(): undefined {}
