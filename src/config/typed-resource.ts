import { nearest } from "../base/edit-distance.ts";
import { found } from "../schema/from-source/walk.ts";
import type { Schema } from "../schema/schema.ts";
import type { MappingNode, SourceNode } from "../schema/source-node.ts";
import { typeNameOf, typeUrlOf } from "../schema/type-urls.ts";
import { concat, type FoundResource, type FoundResources, refused } from "./found-resource.ts";
import { resourceWrapper, type ResourceType, resourceTypeOf, resourceTypes } from "./resource-types.ts";
import { entryOf, fieldKey, placeOfNode, textOf, withoutType } from "./source-tree.ts";
import { readTtl } from "./wrapper-ttl.ts";

/** An item whose type its "@type" says, or a wrapper around one: `{name, resource: {"@type": …}}`. */
export function findTyped(schema: Schema, item: SourceNode, path: string): FoundResources {
  if (item.kind !== "mapping") {
    return refused(item, path, `expected a resource with "@type", found ${found(item)}`);
  }
  const typeUrl = textOf(item, "@type");
  if (typeUrl === undefined && isBareWrapper(item)) return unwrapResource(schema, item, path);
  if (typeUrl === undefined) {
    return refused(
      item,
      path,
      'expected "@type" to say what this resource is, such as type.googleapis.com/envoy.config.cluster.v3.Cluster',
    );
  }
  const typeName = typeNameOf(typeUrl);
  if (typeName === resourceWrapper) return unwrapResource(schema, item, path);
  const type = resourceTypeOf(typeUrlOf(typeName), schema.descriptors);
  if (type) return { found: [{ type, node: withoutType(item), path }], problems: [] };
  const isMessage = schema.descriptors.messages.has(typeName);
  const suggestion = suggestType(typeName);
  return {
    found: [],
    problems: [
      {
        code: "unknown-resource-type",
        severity: "error",
        message: isMessage
          ? `${typeName} is not a type of resource that xDS clients ask for`
          : `unknown type ${JSON.stringify(typeUrl)}`,
        place: placeOfNode(item.entries.find(({ key }) => key.value === "@type")?.value ?? item),
        path: path === "" ? "@type" : `${path}.@type`,
        ...(suggestion ? { suggestion } : {}),
      },
    ],
  };
}

/** The v3 type of the same last name (`envoy.api.v2.Cluster`), or one that is spelled nearly the same. */
function suggestType(typeName: string): string | undefined {
  const last = typeName.slice(typeName.lastIndexOf(".") + 1);
  const sameName = resourceTypes.find(({ typeUrl }) => typeUrl.endsWith(`.${last}`));
  return (
    sameName?.typeUrl ??
    nearest(
      typeUrlOf(typeName),
      resourceTypes.map((type) => type.typeUrl),
    )
  );
}

/** As in a DeltaDiscoveryResponse, whose `resources` are all of this type and need not say it. */
function isBareWrapper(item: MappingNode): boolean {
  return entryOf(item, "resource")?.value.kind === "mapping";
}

/** An item of a list whose key says the type; its own "@type", if there, must agree, or be that of a wrapper. */
export function asType(schema: Schema, type: ResourceType, item: SourceNode, path: string): FoundResources {
  if (item.kind !== "mapping") {
    return refused(item, path, `expected a ${type.noun}, found ${found(item)}`);
  }
  const typeUrl = textOf(item, "@type");
  if (typeUrl !== undefined && typeNameOf(typeUrl) === resourceWrapper) {
    const { found: all, problems } = unwrapResource(schema, item, path);
    const others = all.filter((one) => one.type.typeUrl !== type.typeUrl);
    return concat([
      { found: all.filter((one) => !others.includes(one)), problems },
      ...others.map((one) => refused(item, path, `expected a ${type.noun}, found a ${one.type.noun}`)),
    ]);
  }
  if (typeUrl !== undefined && typeNameOf(typeUrl) !== typeNameOf(type.typeUrl)) {
    return refused(item, path, `expected a ${type.noun}, found "@type" ${JSON.stringify(typeUrl)}`);
  }
  return { found: [{ type, node: withoutType(item), path }], problems: [] };
}

/**
 * The resource inside an `envoy.service.discovery.v3.Resource`. The wrapper names resources that have no name of their
 * own; for others its name must be the resource's (XDS-74). A version is of no meaning here, for versions are content
 * hashes; the rest would change what the client does, and is refused.
 */
function unwrapResource(schema: Schema, wrapper: MappingNode, path: string): FoundResources {
  const inner = entryOf(wrapper, "resource");
  if (!inner) return refused(wrapper, path, 'expected "resource" inside this wrapper, found none');
  const unserved = wrapper.entries.filter(
    ({ key }) => !["@type", "name", "version", "ttl", "resource"].includes(fieldKey(key)),
  );
  const result = findTyped(schema, inner.value, `${path === "" ? "" : `${path}.`}resource`);
  const name = textOf(wrapper, "name");
  const types = result.found.map(({ type }) => type);
  const { ttlMs, problems: ttlProblems } = readTtl(schema, wrapper, types, path);
  const mismatched = result.found.filter(
    (one) => name !== undefined && one.type.nameField !== undefined && ownNameOf(one) !== name,
  );
  return concat([
    ...unserved.map(({ key }) => refused(key, path, `${key.value} of a resource wrapper is not served`)),
    ...mismatched.map((one) =>
      refused(
        wrapper,
        path,
        `the wrapper's name ${JSON.stringify(name)} is not the resource's name ${JSON.stringify(ownNameOf(one))}`,
      ),
    ),
    {
      found: result.found.map((one) => ({
        ...one,
        wrapper: {
          node: wrapper,
          ...(name !== undefined && { name }),
          ...(ttlMs !== undefined && { ttlMs }),
        },
      })),
      problems: [...ttlProblems, ...result.problems],
    },
  ]);
}

function ownNameOf({ node, type }: FoundResource): string | undefined {
  return type.nameField && textOf(node, type.nameField);
}
