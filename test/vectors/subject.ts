import type { AdminClient } from "../kit/admin-client.ts";
import type { JsonObject } from "../kit/json.ts";

/** What vectors ask of a running proxy. */
export type ProxyAdmin = Pick<AdminClient, "isReady" | "stats" | "listenerPort">;

/** A proxy that runs a bootstrap: real Envoy or the bundled data plane. */
export interface RunningProxy extends AsyncDisposable {
  readonly admin: ProxyAdmin;
}

/** Starts a proxy; resolves when it serves, throws with its log when it refuses the bootstrap. */
export type StartProxy = (bootstrap: JsonObject) => Promise<RunningProxy>;
