import { basename, dirname } from "node:path";
import { formatProblem } from "../../src/base/problem.ts";
import type { Schema } from "../../src/schema/schema.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";
import type { LocalData } from "../resources/data-source.ts";
import type { ResourceFile } from "../xds-client/file-source.ts";
import type { FileLocation } from "../xds-client/source-plan.ts";
import { mapDocument } from "./map-document.ts";

const typeName = "envoy.service.discovery.v3.DiscoveryResponse";

export interface ResourceFileOptions {
  readonly schema: Schema;
  readonly local: LocalData;
  /** `--reject-unknown-dynamic-fields`. */
  readonly rejectsUnknownFields: boolean;
}

/** A file of a `path_config_source`: YAML or JSON, or an encoded message where its name ends in `.pb` (XC-54). */
export function openResourceFile(
  { path, watchedDirectory }: FileLocation,
  { schema, local, rejectsUnknownFields }: ResourceFileOptions,
): ResourceFile {
  return {
    read: (typeUrl) => {
      const bytes = local.readFile(path);
      const message = path.toLowerCase().endsWith(".pb")
        ? schema.decode(typeName, bytes)
        : readText(schema, path, bytes.toString(), rejectsUnknownFields);
      return schema.encode(typeName, { ...message, type_url: typeUrl });
    },
    watch: (onReplaced) => {
      if (watchedDirectory !== undefined) return local.watch(watchedDirectory, onReplaced);
      return local.watch(dirname(path), (name) => {
        if (name === basename(path)) onReplaced();
      });
    },
  };
}

function readText(schema: Schema, path: string, text: string, rejectsUnknownFields: boolean) {
  const { documents, problems } = parseYaml({ name: path, text });
  const [root] = documents;
  if (documents.length > 1) throw new Error(`expected one document, found ${documents.length}`);
  const read = root && mapDocument(schema, typeName, root, { allowsUnknownFields: !rejectsUnknownFields });
  const wrong = [...problems, ...(read?.problems ?? [])].filter(({ severity }) => severity === "error");
  if (wrong.length > 0) throw new Error(wrong.map((problem) => formatProblem(problem)).join("; "));
  return read?.message ?? {};
}
