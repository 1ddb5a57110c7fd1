import { formatAddress } from "../network/address.ts";
import type { AdminRoute } from "./admin-route.ts";
import { jsonReply, textReply } from "./admin-route.ts";
import { addressJson } from "./clusters-route.ts";

const seconds = (ms: number) => `${Math.floor(ms / 1000)}s`;

/** XC-12. */
export const readyRoute: AdminRoute = {
  path: "/ready",
  isMutation: false,
  help: "print server state, return 200 if LIVE, otherwise return 503",
  parameters: {},
  answer(view) {
    const state = view.state();
    return textReply(`${state}\n`, state === "LIVE" ? 200 : 503);
  },
};

/** `envoy.admin.v3.ServerInfo`. */
export const serverInfoRoute: AdminRoute = {
  path: "/server_info",
  isMutation: false,
  help: "print server version/status information",
  parameters: {},
  answer: (view) =>
    jsonReply({
      version: view.version,
      state: view.state(),
      uptime_current_epoch: seconds(view.uptimeMs()),
      uptime_all_epochs: seconds(view.uptimeMs()),
      hot_restart_version: "disabled",
      command_line_options: view.commandLine,
      node: view.toJson("envoy.config.core.v3.Node", view.node),
    }),
};

/** `envoy.admin.v3.Listeners`. */
export const listenersRoute: AdminRoute = {
  path: "/listeners",
  isMutation: false,
  help: "print listener info",
  parameters: { format: "One of (text, json)" },
  answer(view, query) {
    const listeners = view.listeners();
    if (query.get("format") !== "json") {
      return textReply(listeners.map(({ name, address }) => `${name}::${formatAddress(address)}\n`).join(""));
    }
    return jsonReply({
      listener_statuses: listeners.map(({ name, address }) => ({
        name,
        local_address: addressJson(address),
      })),
    });
  },
};

export const drainListenersRoute: AdminRoute = {
  path: "/drain_listeners",
  isMutation: true,
  help: "drain listeners",
  parameters: {
    graceful: "Go on accepting for the drain time before closing the listeners",
    skip_exit: "Ask connections to end and never close the listeners",
    inboundonly: "Only listeners whose traffic_direction is INBOUND; not together with graceful or skip_exit",
  },
  answer(view, query) {
    const [isInbound, isGraceful, skipsExit] = ["inboundonly", "graceful", "skip_exit"].map((name) =>
      query.has(name),
    );
    if (isInbound && (isGraceful || skipsExit)) {
      return textReply("inboundonly together with graceful or skip_exit is not supported\n", 400);
    }
    if (isInbound) view.drainListeners("inbound");
    else if (skipsExit) view.drainListeners("connections");
    else view.drainListeners(isGraceful ? "graceful" : "now");
    return textReply("OK\n");
  },
};

/** `/healthcheck/fail` and `/healthcheck/ok`. */
function healthCheckRoute(name: "fail" | "ok"): AdminRoute {
  return {
    path: `/healthcheck/${name}`,
    isMutation: true,
    help: `cause the server to ${name === "fail" ? "fail" : "pass"} health checks`,
    parameters: {},
    answer(view) {
      view.failHealthChecks(name === "fail");
      return textReply("OK\n");
    },
  };
}

export const failHealthCheckRoute = healthCheckRoute("fail");
export const passHealthCheckRoute = healthCheckRoute("ok");

export const quitRoute: AdminRoute = {
  path: "/quitquitquit",
  isMutation: true,
  help: "exit the server",
  parameters: {},
  answer(view) {
    view.quit();
    return textReply("OK\n");
  },
};
