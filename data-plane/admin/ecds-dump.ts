import { TYPED_EXTENSION_CONFIG, typeNameOf } from "../../src/schema/type-urls.ts";
import type { AdminView } from "./admin-view.ts";
import type { Section } from "./dump-section.ts";
import { errorState, section, state } from "./dump-section.ts";
import type { NameFilter } from "./name-filter.ts";

/** The filters of ECDS, as far as there are any. Envoy has a section for each kind of them; here it is one. */
export function ecdsSections(view: AdminView, isWanted: NameFilter): Section[] {
  const records = view.records(TYPED_EXTENSION_CONFIG).list();
  if (records.length === 0) return [];
  const typeName = typeNameOf(TYPED_EXTENSION_CONFIG);
  const filters = records
    .filter(({ name }) => isWanted(name))
    .map((record) => ({
      ...state(view, record, "ecds_filter", typeName, false),
      ...errorState(view, record, typeName),
    }));
  return [section("EcdsConfigDump", { ecds_filters: filters })];
}
