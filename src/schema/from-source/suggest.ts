import { nearest } from "../../base/edit-distance.ts";
import type { Descriptors } from "../descriptor.ts";
import type { TypePlan } from "./type-plan.ts";

/** The field that a person most likely meant; a JSON name is answered by the JSON name. */
export function suggestField(name: string, plan: TypePlan): string | undefined {
  const near = nearest(name, plan.fields.keys());
  if (near !== undefined) return near;
  const bare = bareName(name);
  const names = plan.descriptor.fields.map((field) => field.name);
  return names.find((each) => bareName(each) === bare);
}

/**
 * The type that a person most likely meant: one with the same last name in another package (v2 for v3, a moved
 * extension), else the nearest full name.
 */
export function suggestType(typeName: string, descriptors: Descriptors): string | undefined {
  const last = typeName.slice(typeName.lastIndexOf(".") + 1);
  const sameLast: string[] = [];
  const samePackage: string[] = [];
  const folder = typeName.slice(0, typeName.length - last.length);
  for (const name of descriptors.messages.keys()) {
    if (name.endsWith(`.${last}`)) sameLast.push(name);
    if (name.startsWith(folder)) samePackage.push(name);
  }
  if (sameLast.length > 0) return closest(typeName, sameLast);
  return nearest(typeName, samePackage) ?? nearest(typeName, descriptors.messages.keys());
}

/** Of names that end alike, the one that shares most words with the wanted name. */
function closest(wanted: string, names: readonly string[]): string | undefined {
  const words = new Set(wanted.split("."));
  let best: string | undefined;
  let most = -1;
  for (const name of names) {
    const shared = name.split(".").filter((word) => words.has(word)).length;
    if (shared > most || (shared === most && name.length < best!.length)) {
      best = name;
      most = shared;
    }
  }
  return best;
}

function bareName(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}
