import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import { certsRoute } from "./certs-route.ts";
import { clustersRoute } from "./clusters-route.ts";
import { configDumpRoute } from "./config-dump-route.ts";
import { loggingRoute } from "./logging-route.ts";
import {
  contentionRoute,
  hotRestartRoute,
  initDumpRoute,
  memoryRoute,
  reopenLogsRoute,
} from "./process-routes.ts";
import { modifyRuntimeRoute, runtimeRoute } from "./runtime-routes.ts";
import {
  drainListenersRoute,
  failHealthCheckRoute,
  listenersRoute,
  passHealthCheckRoute,
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

const homeRoute: AdminRoute = {
  path: "/",
  isMutation: false,
  help: "Admin home page",
  parameters: {},
  answer: () => ({ status: 200, type: "html", body: homePage() }),
};

/** The paths as links, those that change something as buttons. */
function homePage(): string {
  const rows = adminRoutes
    .filter(({ path }) => path !== "/")
    .map(({ path, isMutation, help }) => {
      const link = isMutation
        ? `<form action="${path.slice(1)}" method="post"><button>${path.slice(1)}</button></form>`
        : `<a href="${path.slice(1)}">${path.slice(1)}</a>`;
      return `<tr><td>${link}</td><td>${help}</td></tr>\n`;
    });
  return `<!DOCTYPE html>\n<html lang="en"><head><title>Admin</title></head><body><table>\n${rows.join("")}</table></body></html>\n`;
}

/** Every path, by name. */
const adminRoutes: readonly AdminRoute[] = [
  homeRoute,
  certsRoute,
  clustersRoute,
  configDumpRoute,
  contentionRoute,
  drainListenersRoute,
  failHealthCheckRoute,
  passHealthCheckRoute,
  helpRoute,
  hotRestartRoute,
  initDumpRoute,
  listenersRoute,
  loggingRoute,
  memoryRoute,
  quitRoute,
  readyRoute,
  reopenLogsRoute,
  resetCountersRoute,
  runtimeRoute,
  modifyRuntimeRoute,
  serverInfoRoute,
  statsRoute,
  prometheusRoute,
];

function helpText(): string {
  return adminRoutes
    .flatMap(({ path, isMutation, help, parameters }) => [
      `  ${path}${isMutation ? " (POST)" : ""}: ${help}`,
      ...Object.entries(parameters === "any" ? {} : parameters).map(
        ([name, text]) => `      ${name}: ${text}`,
      ),
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
  const { parameters } = route;
  const unknown = [...searchParams.keys()].filter(
    (name) => parameters !== "any" && !Object.hasOwn(parameters, name),
  );
  if (unknown.length > 0)
    return textReply(`${pathname} does not know the parameter ${unknown.join(", ")}\n`, 400);
  return route.answer(view, searchParams);
}
