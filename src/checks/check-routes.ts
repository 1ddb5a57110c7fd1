import type { Problem } from "../base/problem.ts";
import type { Resource } from "../config/resource.ts";
import type { RouteConfiguration } from "../schema/api.ts";
import { fieldPath, itemPath } from "../schema/path.ts";
import type { GroupView } from "./group-view.ts";
import { field, items, type Located } from "./located.ts";
import { repeats } from "./repeats.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Names and domains that are there twice in a route configuration, served or inside a listener. Domains Envoy
 * refuses; of equal names it takes both, but its API wants them unique and statistics mix them up.
 */
export function checkRoutes(view: GroupView, traffic: Traffic): Problem[] {
  const inline = traffic.http.flatMap(({ listener, filter }) => {
    const routes = field(filter, "route_config");
    return routes ? [{ resource: listener.resource, routes }] : [];
  });
  const served = [...view.routes.values()].map((routes) => ({ resource: routes.resource, routes }));
  return [...served, ...inline].flatMap(({ resource, routes }) => ofRoutes(resource, routes));
}

function ofRoutes(resource: Resource, routes: Located<RouteConfiguration>): Problem[] {
  const hosts = items(routes, "virtual_hosts");
  const names = hosts.map(({ value, path }) => ({ name: value.name ?? "", path: fieldPath(path, "name") }));
  // Envoy compares domains without regard to case.
  const domains = hosts.flatMap(({ value, path }) =>
    (value.domains ?? []).map((domain, index) => ({
      name: domain.toLowerCase(),
      path: itemPath(fieldPath(path, "domains"), index),
    })),
  );
  return [
    ...repeats(resource, "duplicate-virtual-host", "virtual host", "warning", names),
    ...repeats(resource, "duplicate-domain", "domain", "error", domains),
    ...hosts.flatMap((host) => {
      const routeNames = items(host, "routes").flatMap(({ value, path }) =>
        value.name === undefined ? [] : [{ name: value.name, path: fieldPath(path, "name") }],
      );
      return repeats(resource, "duplicate-route", "route", "warning", routeNames);
    }),
  ];
}
