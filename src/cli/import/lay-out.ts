import { chanceryFile } from "../../config/config-file.ts";
import { resourceTypes } from "../../config/resource-types.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import { toYamlText } from "../../schema/to-json/yaml-text.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { fieldsOf, type Imported, type ImportedResource } from "./imported.ts";

/** A file of the folder. */
export interface LaidOutFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Fields whose values were masked, as paths such as `tls_certificate.private_key.inline_bytes`; a comment stands at each. */
  readonly masked: readonly string[];
}

const longestName = 80;
/** How Envoy masks text, and bytes in base64. */
const maskedLine = /^(.*(?:'\[redacted\]'|W3JlZGFjdGVkXQ==))$/gm;
const maskedValues: ReadonlySet<JsonValue | undefined> = new Set(["[redacted]", "W3JlZGFjdGVkXQ=="]);
const maskedComment = "# masked in the dump: put the secret here, or the name of a file";

/** The folder of a group's own files. */
export function groupFolder(group: string): string {
  return `groups/${group}`;
}

/** A file for each resource, in a folder for each type; with a group below `groups/NAME/`. */
export function layOut(imported: Imported, group: string | undefined): readonly LaidOutFile[] {
  const root = group === undefined ? "" : `${groupFolder(group)}/`;
  const taken = new Set<string>();
  const files = imported.resources.map((resource) => {
    const { key, item } = keyed(resource);
    const text = toYamlText({ [key]: [item] });
    const masked = maskedFields(resource.fields, "");
    const path = freePath(`${root}${key}/${fileName(resource.name)}`, taken);
    return { path, masked, text: text.replaceAll(maskedLine, `$1  ${maskedComment}`) };
  });
  if (imported.bootstrapClusters.length === 0) return files;
  const comment =
    "# Clusters that every node has from its own bootstrap, so that naming them is no mistake.\n";
  const text = `${comment}${toYamlText({ bootstrap_clusters: [...imported.bootstrapClusters] })}`;
  return [...files, { path: chanceryFile, text, masked: [] }];
}

function maskedFields(value: JsonValue | undefined, path: string): readonly string[] {
  if (maskedValues.has(value)) return [path];
  if (Array.isArray(value)) {
    return value.flatMap((item: JsonValue, index) => maskedFields(item, `${path}[${index}]`));
  }
  const prefix = path === "" ? "" : `${path}.`;
  return Object.entries(fieldsOf(value)).flatMap(([key, inner]) => maskedFields(inner, `${prefix}${key}`));
}

/** The key of the list that a resource stands in; types without one say what they are. */
function keyed({ typeUrl, fields }: ImportedResource): { readonly key: string; readonly item: JsonValue } {
  const key = resourceTypes.find((type) => type.typeUrl === typeUrl)?.keys[0];
  return key === undefined
    ? { key: "resources", item: { "@type": `type.googleapis.com/${typeNameOf(typeUrl)}`, ...fields } }
    : { key, item: fields };
}

/** A name may have characters that files may not, and be longer. */
function fileName(name: string): string {
  const safe = name.replaceAll(/[^\w.-]+/g, "_").replace(/^[.-]+/, "_");
  return safe.slice(0, longestName) || "unnamed";
}

/** File systems may not tell `A.yaml` from `a.yaml`. */
function freePath(base: string, taken: Set<string>): string {
  for (let number = 1; ; number += 1) {
    const path = `${base}${number === 1 ? "" : `-${number}`}.yaml`;
    if (taken.has(path.toLowerCase())) continue;
    taken.add(path.toLowerCase());
    return path;
  }
}
