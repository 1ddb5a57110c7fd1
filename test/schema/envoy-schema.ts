import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import type { SourceNode } from "../../src/schema/source-node.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";

/** The whole Envoy API, loaded once for a test file. */
export const envoy = new Schema(loadDescriptors());

/** The first document of a YAML text that has to parse. */
export function tree(text: string): SourceNode {
  const { documents, problems } = parseYaml({ name: "f.yaml", text });
  const [first] = documents;
  if (!first) throw new Error(`no document: ${problems.map(({ message }) => message).join("; ")}`);
  return first;
}

/** The message that a YAML text has to be. */
export function messageOf(typeName: string, text: string): Message {
  const { message, problems } = envoy.fromSource(typeName, tree(text), { rules: false });
  if (!message) throw new Error(problems.map((problem) => problem.message).join("; "));
  return message;
}
