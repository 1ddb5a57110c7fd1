import type { Problem } from "../base/problem.ts";
import type { Group } from "../config/compiled.ts";
import { decodeOnce } from "../config/decode-once.ts";
import { referencesOf } from "../config/references.ts";
import type { Resource } from "../config/resource.ts";
import { walk } from "../config/walk.ts";
import type { MessageTypes, TypedExtensionConfig } from "../schema/api.ts";
import { fieldPath } from "../schema/path.ts";
import type { Schema } from "../schema/schema.ts";
import { TYPED_EXTENSION_CONFIG, typeNameOf } from "../schema/type-urls.ts";
import { placeOfValue, problemAt } from "./problem-at.ts";

type ConfigDiscovery = MessageTypes["envoy.config.core.v3.ExtensionConfigSource"];

/** Their own type says nothing of what is inside. */
const typedStructs: readonly string[] = ["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"];

/**
 * Extension configs of a type that the filter which fetches them does not list in `type_urls`: Envoy refuses them as
 * they come (XDS-115).
 */
export function checkExtensionTypes(schema: Schema, group: Group): Problem[] {
  const types = new Map<string, string>();
  for (const resource of group.resources) {
    if (resource.typeUrl === TYPED_EXTENSION_CONFIG) types.set(resource.name, typeOf(schema, resource));
  }
  if (types.size === 0) return [];
  const users = group.resources.filter((resource) =>
    referencesOf(schema, resource).some(({ typeUrl }) => typeUrl === TYPED_EXTENSION_CONFIG),
  );
  return users.flatMap((resource) => checkUser(schema, resource, types));
}

function checkUser(schema: Schema, resource: Resource, types: ReadonlyMap<string, string>): Problem[] {
  const problems: Problem[] = [];
  const typeName = typeNameOf(resource.typeUrl);
  walk(schema, typeName, decodeOnce(schema, typeName, resource.bytes), "", (_, message, path) => {
    const filter: { name?: unknown; config_discovery?: ConfigDiscovery | null } = message;
    const listed = filter.config_discovery?.type_urls?.map(typeNameOf);
    const type = typeof filter.name === "string" ? types.get(filter.name) : undefined;
    if (!listed || type === undefined || typedStructs.includes(type) || listed.includes(type)) return true;
    const at = fieldPath(fieldPath(path, "config_discovery"), "type_urls");
    problems.push(
      problemAt(placeOfValue(resource, at), {
        code: "extension-type",
        severity: "error",
        message: `extension config ${JSON.stringify(filter.name)} is a ${type}, which is not among the type_urls of the filter that fetches it`,
        path: at,
      }),
    );
    return true;
  });
  return problems;
}

function typeOf(schema: Schema, resource: Resource): string {
  const config: TypedExtensionConfig = decodeOnce(schema, typeNameOf(resource.typeUrl), resource.bytes);
  return typeNameOf(config.typed_config?.type_url ?? "");
}
