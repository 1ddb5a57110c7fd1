import type { AdminClient } from "../kit/admin-client.ts";
import type { JsonObject } from "../kit/json.ts";

/** A proxy that runs a bootstrap: real Envoy or the bundled data plane. */
export interface RunningProxy extends AsyncDisposable {
  readonly admin: AdminClient;
}

/** Starts a proxy; resolves when it serves, throws with its log when it refuses the bootstrap. */
export type StartProxy = (bootstrap: JsonObject) => Promise<RunningProxy>;
