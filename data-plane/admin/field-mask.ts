import { isRecord } from "../../src/schema/record.ts";

/** What a part of a message keeps: everything, or these fields of it. */
type Kept = true | ReadonlyMap<string, Kept>;

/**
 * Cuts a message in its JSON form to the fields of a `google.protobuf.FieldMask` (`a.b,c`), the type of an Any kept; undefined where
 * none of the mask is there. A path ends at a list: what is in it is kept whole.
 */
export function applyMask(value: unknown, mask: string): unknown {
  return cut(value, keptBy(mask.split(",").filter((path) => path !== "")));
}

function keptBy(paths: readonly string[]): Kept {
  const fields = new Map<string, string[]>();
  for (const path of paths) {
    const at = path.indexOf(".");
    const field = at < 0 ? path : path.slice(0, at);
    const rest = at < 0 ? "" : path.slice(at + 1);
    fields.set(field, [...(fields.get(field) ?? []), rest]);
  }
  return new Map(
    [...fields].map(([field, rests]) => [field, rests.includes("") ? true : keptBy(rests)] as const),
  );
}

function cut(value: unknown, kept: Kept): unknown {
  if (kept === true || !isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([name, part]) => {
    const wanted = kept.get(name);
    if (wanted === undefined) return [];
    const left = cut(part, wanted);
    return left === undefined ? [] : [[name, left] as const];
  });
  if (entries.length === 0) return undefined;
  const type = value["@type"];
  return { ...(type !== undefined && { "@type": type }), ...Object.fromEntries(entries) };
}
