import type { RequestHead } from "../network/http-message.ts";

/** Whether types of upgrades, in lower case, are allowed. */
export type Upgrades = ReadonlyMap<string, boolean>;

/** Reads `upgrade_configs` of a connection manager or a route. `enabled` is true when unset. */
export function readUpgrades(
  configs:
    | readonly { readonly upgrade_type?: string; readonly enabled?: { readonly value?: boolean } | null }[]
    | undefined,
): Upgrades {
  return new Map(
    (configs ?? []).map(({ upgrade_type: type = "", enabled }) => [
      type.toLowerCase(),
      enabled ? (enabled.value ?? false) : true,
    ]),
  );
}

/** The type of upgrade that a request asks for, in lower case, CONNECT among them; undefined when it asks for none. */
export function upgradeOf({ method, headers, isUpgrade }: RequestHead): string | undefined {
  if (isUpgrade) return headers.get("upgrade")?.toLowerCase();
  return method === "CONNECT" ? "connect" : undefined;
}

/** The route decides, and the manager where the route says nothing. */
export function isUpgradeAllowed(type: string, manager: Upgrades, route: Upgrades | undefined): boolean {
  return route?.get(type) ?? manager.get(type) ?? false;
}
