import { hasErrors } from "../base/problem.ts";
import type { Message } from "../schema/message.ts";
import type { Schema } from "../schema/schema.ts";
import type { MappingNode } from "../schema/source-node.ts";
import { BOOTSTRAP, LISTENER, typeNameOf } from "../schema/type-urls.ts";
import { parseYaml } from "../schema/yaml/parse-yaml.ts";
import { isBootstrap } from "./bootstrap.ts";
import type { Compiled } from "./compiled.ts";
import { Compiler } from "./compiler.ts";
import type { ConfigFile } from "./config-file.ts";
import { nounOf } from "./resource-types.ts";
import { withoutType } from "./source-tree.ts";

/** A file that a node starts with. */
export interface BootstrapFile {
  readonly node: MappingNode;
  /** Absent when there are errors. */
  readonly message?: Message;
  /** Its static resources as one group, and the problems of all parts. */
  readonly compiled: Compiled;
}

/** The bootstrap that a file holds, or undefined when it is something else. */
export function readBootstrap(schema: Schema, file: ConfigFile): BootstrapFile | undefined {
  const { documents } = parseYaml({ name: file.shownAs ?? file.path, text: file.text });
  const [document, second] = documents;
  if (second || document?.kind !== "mapping" || !isBootstrap(schema, document)) return undefined;
  const all = new Compiler(schema).compile([file]);
  const problems = all.problems.filter(
    ({ code, message }) =>
      code !== "bootstrap-part-not-served" &&
      // Envoy makes up a name for a static listener that has none; only LDS cannot do without.
      !(code === "missing-name" && message.includes(`this ${nounOf(LISTENER)} `)),
  );
  const compiled = { ...all, problems };
  const node = withoutType(document);
  if (hasErrors(problems)) return { node, compiled };
  const { message } = schema.fromSource(typeNameOf(BOOTSTRAP), node);
  return { node, compiled, ...(message ? { message } : {}) };
}
