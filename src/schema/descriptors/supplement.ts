import type { EnumDescriptor } from "../descriptor.ts";
import type { DraftFile, DraftMessage } from "./draft.ts";

/** What the supplements say: types and fields to add or replace, and full names to remove. */
export interface Supplements {
  readonly files: readonly DraftFile[];
  /** Full names of messages, enums, fields (`package.Message.field`) and enum values (`package.Enum.VALUE`). */
  readonly removed: ReadonlySet<string>;
}

/**
 * Adds to `files` what the supplements declare on top of it, message by message: a field replaces the one of the same
 * name and joins the others when it is new, and so do oneofs and enum values. Types that no file has are added, and what is removed goes.
 *
 * @returns the files with their types completed, then one file per supplement with the types that are new
 */
export function supplementFiles(files: readonly DraftFile[], supplements: Supplements): DraftFile[] {
  const messages = byName(supplements.files.flatMap((file) => file.messages));
  const enums = byName(supplements.files.flatMap((file) => file.enums));
  const { removed } = supplements;
  const isKept = (type: { readonly name: string }) => !removed.has(type.name);
  const known = new Set(files.flatMap((file) => [...file.messages, ...file.enums].map((type) => type.name)));
  const isNew = (type: { readonly name: string }) => !known.has(type.name);
  return [
    ...files.map((file) => ({
      ...file,
      messages: file.messages
        .filter(isKept)
        .map((message) => supplementMessage(message, messages.get(message.name), removed)),
      enums: file.enums.filter(isKept).map((type) => supplementEnum(type, enums.get(type.name), removed)),
    })),
    ...supplements.files.map((file) => ({
      ...file,
      messages: file.messages.filter(isNew),
      enums: file.enums.filter(isNew),
    })),
  ];
}

function supplementMessage(
  message: DraftMessage,
  added: DraftMessage | undefined,
  removed: ReadonlySet<string>,
): DraftMessage {
  const fields = merge(message.fields, added?.fields, message.name, removed);
  const oneofs = merge(message.oneofs, added?.oneofs, message.name, removed);
  return {
    name: message.name,
    fields,
    // A oneof goes with its last field.
    oneofs: oneofs.filter((oneof) => fields.some((field) => field.oneof === oneof.name)),
    rulesDisabled: message.rulesDisabled || added?.rulesDisabled === true,
  };
}

function supplementEnum(
  type: EnumDescriptor,
  added: EnumDescriptor | undefined,
  removed: ReadonlySet<string>,
): EnumDescriptor {
  return { name: type.name, values: merge(type.values, added?.values, type.name, removed) };
}

/** The parts of the type `owner`: those of the same name replaced, new ones last, removed ones gone. */
function merge<T extends { readonly name: string }>(
  parts: readonly T[],
  added: readonly T[] | undefined,
  owner: string,
  removed: ReadonlySet<string>,
): T[] {
  return [...byName([...parts, ...(added ?? [])]).values()].filter(
    (part) => !removed.has(`${owner}.${part.name}`),
  );
}

/** The last of each name, in the place of the first. */
function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
