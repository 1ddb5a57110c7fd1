import type { MessageTypes } from "../../src/schema/api.ts";
import { MetadataMatch } from "../network/metadata-match.ts";
import { structFields } from "./struct-fields.ts";

/**
 * The `envoy.lb` part of a `metadata_match`, its fields in place of those of the same name in `common`; just `common` when there is no
 * such part.
 */
export function metadataMatch(
  metadata: MessageTypes["envoy.config.core.v3.Metadata"] | null | undefined,
  common?: MetadataMatch,
): MetadataMatch | undefined {
  const part = metadata?.filter_metadata?.["envoy.lb"];
  if (!part) return common;
  const fields = structFields(part);
  return common ? common.with(fields) : new MetadataMatch(fields);
}
