import type { MessageTypes } from "../../../src/schema/api.ts";
import type { SupportTable } from "../../resources/support.ts";
import { unsupportedFields } from "../../resources/support.ts";
import type { Reading } from "./rules.ts";
import { parsePermission, parsePrincipal } from "./rules.ts";
import type { Subject, SubjectTest } from "./subject.ts";

type Rules = MessageTypes["envoy.config.rbac.v3.RBAC"];

/** Permissions and principals are looked at where they are read, since they nest. */
const support: SupportTable = {
  action: true,
  policies: true,
};

const policySupport: SupportTable = { permissions: true, principals: true };

/** What the rules say of a subject. */
export interface Decision {
  readonly isAllowed: boolean;
  /** The policy that decided; undefined when none fits. */
  readonly policy: string | undefined;
}

/** Rules, ready to be asked. `logs`: they say of every request whether it is to be logged, and stop none (`action: LOG`). */
export interface Engine {
  readonly logs: boolean;
  decide(subject: Subject): Decision;
}

/** `envoy.config.rbac.v3.RBAC`; undefined for none. The first policy that fits decides, in the order of their names. */
export function parseEngine(
  rules: Rules | null | undefined,
  path: string,
  reading: Reading,
): Engine | undefined {
  if (!rules) return undefined;
  const { problems } = reading;
  problems.push(...unsupportedFields(rules, support, path));
  const { action = "ALLOW", policies = {} } = rules;
  const tests = Object.entries(policies)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, policy]) => {
      const at = `${path}.policies[${JSON.stringify(name)}]`;
      problems.push(...unsupportedFields(policy, policySupport, at));
      const permissions = (policy.permissions ?? []).map((one, index) =>
        parsePermission(one, `${at}.permissions[${index}]`, reading),
      );
      const principals = (policy.principals ?? []).map((one, index) =>
        parsePrincipal(one, `${at}.principals[${index}]`, reading),
      );
      return { name, permissions, principals };
    });
  return {
    logs: action === "LOG",
    decide: (subject) => {
      const holds = (test: SubjectTest) => test(subject);
      const fitting = tests.find(
        ({ permissions, principals }) => permissions.some(holds) && principals.some(holds),
      );
      const isAllowed = action === "LOG" || (fitting !== undefined) === (action === "ALLOW");
      return { isAllowed, policy: fitting?.name };
    },
  };
}

/** `%RESPONSE_CODE_DETAILS%` and the termination details of a refusal. */
export function refusalDetails({ policy }: Decision): string {
  return `rbac_access_denied_matched_policy[${(policy ?? "none").replaceAll(/\s/g, "_")}]`;
}
