import type { Resource } from "../snapshot/resource.ts";

/** What differs between two sets, as far as an interest covers it. */
export interface Change {
  readonly changed: readonly Resource[];
  readonly removed: readonly string[];
}

/** What one response has to say. Equal work gives the identical plan, so that it is encoded once. */
export interface Plan {
  readonly typeUrl: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Names for `removed_resources`; always empty in SotW. */
  readonly removed: readonly string[];
  /** Nothing in it is new: it keeps the TTLs of its resources from running out; delta leaves out their bodies (XDS-108). */
  readonly isHeartbeat?: boolean;
  /** Name of a resource → names that lead to it and were asked for (XDS-92). */
  readonly aliases?: ReadonlyMap<string, readonly string[]>;
  /** Names that lead nowhere and are answered as resources without a body (XDS-114). */
  readonly missing?: readonly string[];
}
