import type { Problem } from "../../src/base/problem.ts";
import { formatPlace } from "../../src/base/problem.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { MessageOf } from "../../src/schema/api.ts";
import type { FromSourceResult, Schema } from "../../src/schema/schema.ts";
import type { ScalarNode, SourceNode } from "../../src/schema/source-node.ts";
import { placeOf } from "../../src/schema/yaml/place.ts";

export interface MapOptions {
  /** Unknown fields are left out with a warning: `--allow-unknown-static-fields`, and what is not static unless told otherwise. */
  readonly allowsUnknownFields: boolean;
}

const isUnknown = ({ code }: Problem) => code === "unknown-field";

/** Maps a document to a message of the type, field rules unchecked. */
export function mapDocument<Name extends string>(
  schema: Schema,
  typeName: Name,
  root: SourceNode,
  { allowsUnknownFields }: MapOptions,
): FromSourceResult<MessageOf<Name>> {
  const read = schema.fromSource(typeName, root, { rules: false });
  if (!allowsUnknownFields || !read.problems.some(isUnknown)) return read;
  const unknown = read.problems.filter(isUnknown);
  const places = new Set(unknown.flatMap(({ place }) => (place ? [formatPlace(place)] : [])));
  const known = withoutKeys(root, (key) => places.has(formatPlace(placeOf(key.file, key.start))));
  const again = schema.fromSource(typeName, known, { rules: false });
  const warnings = unknown.map((problem): Problem => ({ ...problem, severity: "warning" }));
  return { ...again, problems: [...again.problems, ...warnings] };
}

function withoutKeys(node: SourceNode, isLeftOut: (key: ScalarNode) => boolean): SourceNode {
  switch (node.kind) {
    case "scalar":
      return node;
    case "sequence":
      return { ...node, items: node.items.map((item) => withoutKeys(item, isLeftOut)) };
    case "mapping": {
      const kept = node.entries.filter(({ key }) => !isLeftOut(key));
      const entries = kept.map(({ key, value }) => ({ key, value: withoutKeys(value, isLeftOut) }));
      return { ...node, entries };
    }
    default:
      return unreachable(node);
  }
}
