import type { Place } from "../../base/problem.ts";
import type { HttpConnectionManager, TcpProxy } from "../../schema/api.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import type { GroupView } from "../group-view.ts";
import { field, items, type Located } from "../located.ts";
import type { Unfollowed } from "./hop-settings.ts";

type PlaceAt = (path: string) => { readonly place?: Place };

/** HTTP filters that may change headers, or refuse requests, by rules of their own. */
const programmable = new Set([
  "lua",
  "wasm",
  "ext_proc",
  "ext_authz",
  "golang",
  "header_mutation",
  "rbac",
  "dynamic_modules",
]);

/** What the model of a connection manager does not follow: filters with rules of their own, and routes that name the header. */
export function unfollowedOfManager(
  view: GroupView,
  manager: Located<HttpConnectionManager>,
  at: PlaceAt,
): readonly Unfollowed[] {
  const filters = items(manager, "http_filters").flatMap((filter): Unfollowed[] => {
    const typeName = typeNameOf(filter.value.typed_config?.type_url ?? "");
    const extension = typeName.split(".").at(-3) ?? "";
    if (!programmable.has(extension)) return [];
    return [{ message: `the filter ${extension} may change headers or refuse requests`, ...at(filter.path) }];
  });
  const inline = field(manager, "route_config");
  const named = view.routes.get(manager.value.rds?.route_config_name ?? "");
  const routes = inline?.value ?? named?.value;
  const where = inline ? at(inline.path) : at(manager.path);
  const isNamed = routes !== undefined && JSON.stringify(routes).toLowerCase().includes('"x-forwarded-for"');
  return [
    ...filters,
    ...(isNamed ? [{ message: "its routes change x-forwarded-for themselves", ...where }] : []),
  ];
}

/** What the model of a TCP proxy does not follow: tunnels, and RBAC in front of it is told where chains are read. */
export function unfollowedOfProxy(proxy: Located<TcpProxy>, at: PlaceAt): readonly Unfollowed[] {
  const tunnel = field(proxy, "tunneling_config");
  return tunnel
    ? [{ message: "tunneling_config puts the connection into an HTTP request", ...at(tunnel.path) }]
    : [];
}
