import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import { clustersRoute } from "./clusters-route.ts";
import { configDumpRoute } from "./config-dump-route.ts";
import {
  drainListenersRoute,
  listenersRoute,
  quitRoute,
  readyRoute,
  serverInfoRoute,
} from "./server-routes.ts";
import { prometheusRoute, resetCountersRoute, statsRoute } from "./stats-route.ts";

const helpRoute: AdminRoute = {
  path: "/help",
  isMutation: false,
  help: "print out list of admin commands",
  parameters: {},
  answer: () => textReply(`admin commands are:\n${helpText()}`),
};

const homeRoute: AdminRoute = { ...helpRoute, path: "/", help: "Admin home page" };

/** Every path, by name. */
const adminRoutes: readonly AdminRoute[] = [
  homeRoute,
  clustersRoute,
  configDumpRoute,
  drainListenersRoute,
  helpRoute,
  listenersRoute,
  quitRoute,
  readyRoute,
  resetCountersRoute,
  serverInfoRoute,
  statsRoute,
  prometheusRoute,
];

function helpText(): string {
  return adminRoutes
    .flatMap(({ path, isMutation, help, parameters }) => [
      `  ${path}${isMutation ? " (POST)" : ""}: ${help}`,
      ...Object.entries(parameters).map(([name, text]) => `      ${name}: ${text}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** The answer to a request. `target` is its path with the query. */
export function answerAdmin(view: AdminView, method: string, target: string): AdminReply {
  const { pathname, searchParams } = new URL(target, "http://admin");
  const route = adminRoutes.find(({ path }) => path === pathname);
  if (!route) return textReply(`invalid path. admin commands are:\n${helpText()}`, 404);
  if (route.isMutation && method !== "POST") {
    return textReply(`Method ${method} not allowed, POST required.`, 405);
  }
  const unknown = [...searchParams.keys()].filter((name) => !Object.hasOwn(route.parameters, name));
  if (unknown.length > 0)
    return textReply(`${pathname} does not know the parameter ${unknown.join(", ")}\n`, 400);
  return route.answer(view, searchParams);
}
