import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import { SECRET, typeNameOf } from "../../src/schema/type-urls.ts";
import type { AdminView } from "./admin-view.ts";
import type { Section } from "./dump-section.ts";
import { asAny, errorState, section, state } from "./dump-section.ts";
import type { NameFilter } from "./name-filter.ts";

/** The secrets of the bootstrap and of SDS, what is secret in them masked. */
export function secretsSection(view: AdminView, isWanted: NameFilter): Section {
  const typeName = typeNameOf(SECRET);
  const dynamic = view
    .records(SECRET)
    .list()
    .filter(({ name }) => isWanted(name))
    .map((record) => ({
      name: record.name,
      isActive: record.message !== undefined,
      dump: {
        name: record.name,
        ...state(view, record, "secret", typeName, false),
        ...errorState(view, record, typeName),
      },
    }));
  return section("SecretsConfigDump", {
    static_secrets: staticSecrets(view.bootstrap).flatMap((secret) => {
      const { name = "" } = secret;
      if (typeof name !== "string" || !isWanted(name)) return [];
      const last_updated = new Date(view.startedAtMs).toISOString();
      return [{ name, last_updated, secret: asAny(view, typeName, secret) }];
    }),
    dynamic_active_secrets: dynamic.filter(({ isActive }) => isActive).map(({ dump }) => dump),
    dynamic_warming_secrets: dynamic.filter(({ isActive }) => !isActive).map(({ dump }) => dump),
  });
}

function staticSecrets({ static_resources: resources }: Message): readonly Message[] {
  const secrets = isRecord(resources) ? resources["secrets"] : undefined;
  return Array.isArray(secrets) ? secrets.filter(isRecord) : [];
}
