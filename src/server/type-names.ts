import { v3Types } from "../xds/type-traits.ts";
import { typeLabel } from "./metrics/xds-counters.ts";

/** True when a type is called so: `CDS`, `Cluster`, a full name or a type URL; the first two in any case. */
export function isCalled(typeUrl: string, name: string): boolean {
  const traits = v3Types.find((known) => known.typeUrl === typeUrl);
  return (
    typeUrl === name ||
    typeUrl.endsWith(`/${name}`) ||
    typeLabel(typeUrl).toLowerCase() === name.toLowerCase() ||
    traits?.label === name.toUpperCase()
  );
}
