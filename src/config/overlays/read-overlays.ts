import type { Problem } from "../../base/problem.ts";
import type { MessageTypes } from "../../schema/api.ts";
import type { Descriptors } from "../../schema/descriptor.ts";
import type { SourceNode } from "../../schema/source-node.ts";
import { findEntry, locate } from "../../schema/yaml/locate.ts";
import { namedType, unknownType } from "../named-type.ts";
import { placeOfNode } from "../source-tree.ts";
import type { Operation, Overlay, Pointer } from "./overlay.ts";
import { parsePointer } from "./pointer.ts";

/** The `overlays` of chancery.yaml. One that has an error is left out. */
export function readOverlays(
  { overlays = [] }: MessageTypes["chancery.v1.Config"],
  document: SourceNode,
  descriptors: Descriptors,
): { readonly overlays: readonly Overlay[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const read = overlays.flatMap(({ groups, type = "", name = "*", patch = [] }, index): Overlay[] => {
    const path = `overlays[${index}]`;
    const typeUrl = namedType(type, descriptors)?.typeUrl;
    if (typeUrl === undefined) problems.push(unknownType(type, `${path}.type`, document));
    const operations = patch.flatMap(({ op = "" }, at) => {
      const result = readOperation(op, document, `${path}.patch[${at}]`);
      if (!("problem" in result)) return [result];
      problems.push(result.problem);
      return [];
    });
    if (typeUrl === undefined || operations.length < patch.length) return [];
    const place = placeOfNode(locate(document, path));
    return [{ typeUrl, name, patch: operations, place, ...(groups && { groups }) }];
  });
  return { overlays: read, problems };
}

function readOperation(
  op: string,
  document: SourceNode,
  path: string,
): Operation | { readonly problem: Problem } {
  const node = locate(document, path);
  const refused = (field: string, message: string) => ({
    problem: {
      code: "bad-overlay",
      severity: "error",
      message,
      place: placeOfNode(locate(document, `${path}.${field}`)),
      path: `${path}.${field}`,
    } satisfies Problem,
  });
  const pointer = (field: string): Pointer | string => {
    const text = findEntry(node, field)?.value;
    return text?.kind === "scalar" ? parsePointer(text) : `${op} needs ${field}`;
  };
  const target = pointer("path");
  if (typeof target === "string") return refused("path", target);
  const value = findEntry(node, "value")?.value;
  switch (op) {
    case "remove":
      return { op, path: target };
    case "move":
    case "copy": {
      const from = pointer("from");
      return typeof from === "string" ? refused("from", from) : { op, path: target, from };
    }
    case "add":
    case "replace":
    case "test":
      return value ? { op, path: target, value } : refused("value", `${op} needs value`);
    default:
      return refused("op", `expected add, remove, replace, move, copy or test, found ${JSON.stringify(op)}`);
  }
}
