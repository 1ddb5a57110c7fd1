import { isRecord } from "../../src/schema/record.ts";
import {
  ROUTE_CONFIGURATION,
  SCOPED_ROUTE_CONFIGURATION,
  typeNameOf,
  typeUrlOf,
} from "../../src/schema/type-urls.ts";
import type { AdminView } from "./admin-view.ts";
import type { Section } from "./dump-section.ts";
import { asAny, errorState, section, state } from "./dump-section.ts";
import type { NameFilter } from "./name-filter.ts";

const LISTENER = "envoy.config.listener.v3.Listener";
const MANAGER = typeUrlOf(
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
);

/** The routes, where there is a connection manager that could have some. */
export function routesSections(view: AdminView, isWanted: NameFilter): readonly Section[] {
  const managers = view.listenerRecords
    .list()
    .flatMap(({ message, updatedAtMs }) =>
      message ? managersOf(view.toJson(LISTENER, message)).map((manager) => ({ manager, updatedAtMs })) : [],
    );
  if (managers.length === 0) return [];
  const dynamic = view
    .records(ROUTE_CONFIGURATION)
    .list()
    .filter(({ name }) => isWanted(name));
  return [
    scopedSection(view, managers, isWanted),
    section("RoutesConfigDump", {
      static_route_configs: managers.flatMap(({ manager, updatedAtMs }) => {
        const config = manager["route_config"];
        if (!isRecord(config)) return [];
        const { name = "" } = config;
        if (typeof name !== "string" || !isWanted(name)) return [];
        const route_config = { "@type": ROUTE_CONFIGURATION, ...config };
        return [{ route_config, last_updated: new Date(updatedAtMs).toISOString() }];
      }),
      dynamic_route_configs: dynamic.map((record) => ({
        ...state(view, record, "route_config", typeNameOf(ROUTE_CONFIGURATION), false),
        ...errorState(view, record, typeNameOf(ROUTE_CONFIGURATION)),
      })),
    }),
  ];
}

interface ManagerJson {
  readonly manager: Readonly<Record<string, unknown>>;
  readonly updatedAtMs: number;
}

function scopedSection(view: AdminView, managers: readonly ManagerJson[], isWanted: NameFilter): Section {
  const typeName = typeNameOf(SCOPED_ROUTE_CONFIGURATION);
  const records = view.records(SCOPED_ROUTE_CONFIGURATION);
  const received = records.list().flatMap((record) => {
    if (!record.message || !isWanted(record.name)) return [];
    return [{ updatedAtMs: record.updatedAtMs, config: asAny(view, typeName, record.message) }];
  });
  const lists = managers.flatMap(({ manager, updatedAtMs }) => {
    const scoped = manager["scoped_routes"];
    return isRecord(scoped) ? [{ scoped, name: scoped["name"], updatedAtMs }] : [];
  });
  return section("ScopedRoutesConfigDump", {
    inline_scoped_route_configs: lists.flatMap(({ scoped, name, updatedAtMs }) => {
      const configs = list(field(scoped, "scoped_route_configurations_list"), "scoped_route_configurations");
      if (configs.length === 0) return [];
      return {
        name,
        scoped_route_configs: configs.map((config) =>
          isRecord(config) ? { "@type": SCOPED_ROUTE_CONFIGURATION, ...config } : config,
        ),
        last_updated: new Date(updatedAtMs).toISOString(),
      };
    }),
    dynamic_scoped_route_configs: lists.flatMap(({ scoped, name }) => {
      if (field(scoped, "scoped_rds") === undefined || received.length === 0) return [];
      return {
        name,
        ...(records.version !== "" && { version_info: records.version }),
        scoped_route_configs: received.map(({ config }) => config),
        last_updated: new Date(Math.max(...received.map(({ updatedAtMs }) => updatedAtMs))).toISOString(),
      };
    }),
  });
}

/** The connection managers of a listener that was made JSON. */
function managersOf(listener: unknown): Readonly<Record<string, unknown>>[] {
  const chains = [...list(listener, "filter_chains"), field(listener, "default_filter_chain")];
  return chains
    .flatMap((chain) => list(chain, "filters"))
    .flatMap((filter) => {
      const config = field(filter, "typed_config");
      return isRecord(config) && config["@type"] === MANAGER ? [config] : [];
    });
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}
