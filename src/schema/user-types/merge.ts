import type { Problem } from "../../base/problem.ts";
import type { Descriptors, EnumDescriptor, FieldKind, MessageDescriptor } from "../descriptor.ts";
import type { UserTypes } from "./from-set.ts";

/**
 * Adds types to a schema. A type that both know is one type: fields and values that `base` lacks are added to it (a
 * newer or an extended Envoy), the others stay as `base` has them; a number or type that differs is an error.
 */
export function mergeDescriptors(base: Descriptors, added: Descriptors): UserTypes {
  const problems: Problem[] = [];
  const messages = new Map(base.messages);
  const enums = new Map(base.enums);
  for (const message of added.messages.values()) {
    const known = base.messages.get(message.name);
    if (base.enums.has(message.name)) problems.push(conflict(message.name, "a message", "an enum"));
    messages.set(message.name, known ? mergeMessage(known, message, problems) : message);
  }
  for (const type of added.enums.values()) {
    const known = base.enums.get(type.name);
    if (base.messages.has(type.name)) problems.push(conflict(type.name, "an enum", "a message"));
    enums.set(type.name, known ? mergeEnum(known, type, problems) : type);
  }
  return { descriptors: { messages, enums }, problems };
}

function mergeMessage(known: MessageDescriptor, added: MessageDescriptor, problems: Problem[]) {
  const fresh = added.fields.filter((field) => {
    const same = known.fields.find((other) => other.name === field.name || other.number === field.number);
    if (!same) return true;
    const before = `${same.name} = ${same.number} of type ${typeText(same.type, same.isRepeated)}`;
    const after = `${field.name} = ${field.number} of type ${typeText(field.type, field.isRepeated)}`;
    if (before !== after) problems.push(conflict(`${known.name}.${field.name}`, after, before));
    return false;
  });
  if (fresh.length === 0) return known;
  const oneofs = added.oneofs.filter(({ name }) => !known.oneofs.some((other) => other.name === name));
  return {
    ...known,
    fields: [...known.fields, ...fresh].sort((a, b) => a.number - b.number),
    oneofs: [...known.oneofs, ...oneofs],
  };
}

function mergeEnum(known: EnumDescriptor, added: EnumDescriptor, problems: Problem[]): EnumDescriptor {
  const fresh = added.values.filter((value) => {
    const same = known.values.find((other) => other.name === value.name);
    if (same && same.number !== value.number) {
      problems.push(conflict(`${known.name}.${value.name}`, String(value.number), String(same.number)));
    }
    return !same;
  });
  return fresh.length === 0 ? known : { ...known, values: [...known.values, ...fresh] };
}

function typeText(type: FieldKind, isRepeated: boolean): string {
  if (type.kind === "map") return `map<${type.key}, ${typeText(type.value, false)}>`;
  return `${isRepeated ? "repeated " : ""}${type.kind === "scalar" ? type.scalar : type.name}`;
}

function conflict(path: string, added: string, known: string): Problem {
  return {
    code: "type-conflict",
    severity: "error",
    message: `${path} is ${added} in the types given, and ${known} in those known before`,
    path,
  };
}
