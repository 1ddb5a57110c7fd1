import { hasErrors } from "../../base/problem.ts";
import type { ComparedGroup } from "../../checks/impact/compare-groups.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { Message } from "../../schema/message.ts";
import type { Schema } from "../../schema/schema.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { parseYaml } from "../../schema/yaml/parse-yaml.ts";
import { CommandError, exitCode } from "../exit-code.ts";

/**
 * The message that a masked JSON form of a resource stands for. Throws `CommandError` where that has fields or types which are not known
 * here.
 */
export function messageOfMasked(schema: Schema, typeUrl: string, name: string, resource: JsonValue): Message {
  const typeName = typeNameOf(typeUrl);
  const { documents, problems } = parseYaml({ name, text: JSON.stringify(resource) });
  const [document] = documents;
  if (document && !hasErrors(problems) && schema.descriptors.messages.has(typeName)) {
    const read = schema.fromSource(typeName, document, { rules: false });
    if (read.message && !hasErrors(read.problems)) return read.message;
  }
  const hint = "--descriptors or --proto-path tell the types that the server was started with";
  throw new CommandError(exitCode.undecided, `${typeName} ${name} of the server cannot be read`, hint);
}

/** The groups with secrets masked, so that they compare with those of a server, which shows none. */
export function maskGroups(schema: Schema, groups: readonly ComparedGroup[]): readonly ComparedGroup[] {
  return groups.map((group) => ({
    ...group,
    resources: group.resources.map((resource) => {
      const { typeUrl, name, message } = resource;
      const masked = schema.toJson(typeNameOf(typeUrl), message, { mask: true });
      return { ...resource, message: messageOfMasked(schema, typeUrl, name, masked) };
    }),
  }));
}
