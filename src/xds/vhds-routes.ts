import type { Resource } from "../snapshot/resource.ts";
import { fieldsOf, WireError } from "./wire.ts";

/** `envoy.config.route.v3.RouteConfiguration.vhds` */
const vhdsField = 9;

/** True for a route configuration whose virtual hosts come over VHDS. */
export function hasVhds({ bytes }: Resource): boolean {
  try {
    for (const { number } of fieldsOf(bytes)) {
      if (number === vhdsField) return true;
    }
    return false;
  } catch (error) {
    // A program may serve bytes that are no RouteConfiguration.
    if (error instanceof WireError) return false;
    throw error;
  }
}

/** What stands for all virtual hosts of a route configuration: a name within it that no host has. */
export function namespaceOf({ name }: Resource): string {
  return `${name}/`;
}
