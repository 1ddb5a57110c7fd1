import type { EnumDescriptor } from "../descriptor.ts";
import type { DraftFile, DraftMessage } from "./draft.ts";

/**
 * Adds to `files` what the supplements declare on top of it, message by message: a field replaces the one of the same
 * name and joins the others when it is new, and so do oneofs and enum values. Types that no file has are added.
 *
 * @returns the files with their types completed, then one file per supplement with the types that are new
 */
export function supplementFiles(files: readonly DraftFile[], supplements: readonly DraftFile[]): DraftFile[] {
  const messages = byName(supplements.flatMap((file) => file.messages));
  const enums = byName(supplements.flatMap((file) => file.enums));
  const known = new Set(files.flatMap((file) => [...file.messages, ...file.enums].map((type) => type.name)));
  const isNew = (type: { readonly name: string }) => !known.has(type.name);
  return [
    ...files.map((file) => ({
      ...file,
      messages: file.messages.map((message) => supplementMessage(message, messages.get(message.name))),
      enums: file.enums.map((type) => supplementEnum(type, enums.get(type.name))),
    })),
    ...supplements.map((file) => ({
      ...file,
      messages: file.messages.filter(isNew),
      enums: file.enums.filter(isNew),
    })),
  ];
}

function supplementMessage(message: DraftMessage, added: DraftMessage | undefined): DraftMessage {
  if (!added) return message;
  return {
    name: message.name,
    fields: [...byName([...message.fields, ...added.fields]).values()],
    oneofs: [...byName([...message.oneofs, ...added.oneofs]).values()],
    rulesDisabled: message.rulesDisabled || added.rulesDisabled,
  };
}

function supplementEnum(type: EnumDescriptor, added: EnumDescriptor | undefined): EnumDescriptor {
  if (!added) return type;
  return { name: type.name, values: [...byName([...type.values, ...added.values]).values()] };
}

/** The last of each name, in the place of the first. */
function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
