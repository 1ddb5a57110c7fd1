import { nearest } from "../../base/edit-distance.ts";
import type { Schema } from "../../schema/schema.ts";
import { TYPE_URL_PREFIX, typeNameOf } from "../../schema/type-urls.ts";
import { v3Types } from "../../xds/type-traits.ts";
import { CommandError, exitCode } from "../exit-code.ts";

function short(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}

/** The type URL for `CDS`, `Cluster`, a full name or a type URL. Throws `CommandError`. */
export function resourceTypeUrl(text: string, { descriptors }: Schema): string {
  const known = v3Types.find(({ label, typeUrl }) => label === text.toUpperCase() || short(typeUrl) === text);
  if (known) return known.typeUrl;
  const typeUrl = text.includes("/") ? text : `${TYPE_URL_PREFIX}${text}`;
  if (descriptors.messages.has(typeNameOf(typeUrl))) return typeUrl;
  const names = v3Types.flatMap((traits) => [traits.label, short(traits.typeUrl)]);
  const near = nearest(text, names);
  const hint = near === undefined ? `one of ${names.join(", ")}, or a type URL` : `did you mean ${near}?`;
  throw new CommandError(exitCode.usage, `there is no resource type ${JSON.stringify(text)}`, hint);
}
