import type { Problem } from "../../base/problem.ts";
import type {
  Descriptors,
  EnumDescriptor,
  EnumValue,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
} from "../descriptor.ts";
import type { DraftField, DraftFile, DraftMessage, DraftType } from "./draft.ts";
import { FIELD_RULES, optionMessage } from "./rules.ts";
import type { TypeLookup } from "./rules.ts";

/** What is wrong with a file, and which one it is. */
export interface LinkFailure {
  readonly file: DraftFile;
  readonly problem: Problem;
}

/**
 * Resolves the names in `files` against each other and against `base`, and reads the field rules.
 *
 * @returns the types of `files` alone; a field whose type is nowhere to be found is left out and is a failure, unless
 * `base` has the message
 */
export function linkFiles(
  files: readonly DraftFile[],
  base: Descriptors,
): { readonly descriptors: Descriptors; readonly failures: readonly LinkFailure[] } {
  const failures: LinkFailure[] = [];
  const enums = new Map<string, EnumDescriptor>();
  const drafts = new Map<string, DraftMessage>();
  const homes = new Map<string, DraftFile>();
  for (const file of files) {
    for (const type of file.enums) enums.set(type.name, { name: type.name, values: inOrder(type.values) });
    for (const message of file.messages) drafts.set(message.name, message);
    for (const { name } of [...file.enums, ...file.messages]) {
      const home = homes.get(name);
      if (home) failures.push({ file, problem: duplicateType(name, home, file) });
      homes.set(name, file);
    }
  }
  const kindOf: KindLookup = (name) => {
    if (drafts.has(name) || base.messages.has(name)) return "message";
    return enums.has(name) || base.enums.has(name) ? "enum" : undefined;
  };

  const messages = new Map<string, MessageDescriptor>();
  for (const file of files) {
    for (const draft of file.messages) {
      const { message, unresolved } = linkMessage(draft, kindOf);
      messages.set(draft.name, message);
      // What a copy of a known type lacks is nobody's loss.
      if (!base.messages.has(draft.name)) {
        for (const field of unresolved) failures.push({ file, problem: unresolvedType(file, draft, field) });
      }
    }
  }
  // Rules are read last: the types that give them their meaning may be among the files.
  const typeOf: TypeLookup = (name) => messages.get(name) ?? base.messages.get(name);
  for (const draft of drafts.values()) {
    if (draft.fields.every((field) => field.rules === undefined)) continue;
    const message = messages.get(draft.name)!;
    messages.set(draft.name, { ...message, fields: withRules(draft, message.fields, typeOf) });
  }
  return { descriptors: { messages, enums }, failures };
}

/** The first is the default, whatever its number; aliases keep their order, for the first of them is printed. */
function inOrder([first, ...others]: readonly EnumValue[]): EnumValue[] {
  return [...(first ? [first] : []), ...others.sort((a, b) => a.number - b.number)];
}

type KindLookup = (name: string) => "message" | "enum" | undefined;

function linkMessage(draft: DraftMessage, kindOf: KindLookup) {
  const fields: FieldDescriptor[] = [];
  const unresolved: DraftField[] = [];
  for (const field of draft.fields) {
    const type = resolveType(field.type, draft.name, kindOf);
    if (type) fields.push(linkField(field, type));
    else unresolved.push(field);
  }
  const message: MessageDescriptor = {
    name: draft.name,
    fields: fields.sort((a, b) => a.number - b.number),
    oneofs: draft.oneofs,
    ...(draft.rulesDisabled ? { rulesDisabled: true } : {}),
  };
  return { message, unresolved };
}

function linkField(draft: DraftField, type: FieldKind): FieldDescriptor {
  const isMap = type.kind === "map";
  return {
    name: draft.name,
    jsonName: draft.jsonName,
    number: draft.number,
    type,
    isRepeated: draft.isRepeated,
    isPacked: draft.isRepeated && draft.wantsPacked && canBePacked(type),
    hasPresence: !draft.isRepeated && !isMap && (draft.hasPresence || type.kind === "message"),
    ...(draft.oneof === undefined ? {} : { oneof: draft.oneof }),
    ...(draft.comment === undefined ? {} : { comment: draft.comment }),
    ...(draft.isDeprecated ? { isDeprecated: true } : {}),
    ...(draft.isDisallowed ? { isDisallowed: true } : {}),
    ...(draft.isSensitive ? { isSensitive: true } : {}),
  };
}

function canBePacked(type: FieldKind): boolean {
  if (type.kind === "scalar") return type.scalar !== "string" && type.scalar !== "bytes";
  return type.kind === "enum";
}

function withRules(
  draft: DraftMessage,
  fields: readonly FieldDescriptor[],
  typeOf: TypeLookup,
): FieldDescriptor[] {
  const raw = new Map(draft.fields.map((field) => [field.number, field.rules]));
  return fields.map((field) => {
    const rules = raw.get(field.number);
    return rules === undefined ? field : { ...field, rules: optionMessage(rules, FIELD_RULES, typeOf) };
  });
}

function resolveType(type: DraftType, scope: string, kindOf: KindLookup): FieldKind | undefined {
  if (type.kind === "scalar") return type;
  if (type.kind === "group") return undefined;
  if (type.kind === "named") return resolveName(type.name, scope, kindOf);
  const value = type.value.kind === "scalar" ? type.value : resolveName(type.value.name, scope, kindOf);
  return value && { kind: "map", key: type.key, value };
}

/** Name resolution of protobuf: from the innermost scope outwards; a leading dot means no search. */
function resolveName(
  name: string,
  scope: string,
  kindOf: KindLookup,
): { kind: "message" | "enum"; name: string } | undefined {
  if (name.startsWith(".")) {
    const kind = kindOf(name.slice(1));
    return kind && { kind, name: name.slice(1) };
  }
  for (let outer = scope; ; outer = outer.slice(0, Math.max(outer.lastIndexOf("."), 0))) {
    const candidate = outer === "" ? name : `${outer}.${name}`;
    const kind = kindOf(candidate);
    if (kind) return { kind, name: candidate };
    if (outer === "") return undefined;
  }
}

function duplicateType(name: string, first: DraftFile, second: DraftFile): Problem {
  return {
    code: "duplicate-type",
    severity: "error",
    message: `${second.name}: ${name} is defined in ${first.name} already`,
    path: name,
  };
}

function unresolvedType(file: DraftFile, message: DraftMessage, field: DraftField): Problem {
  const type = field.type.kind === "map" ? field.type.value : field.type;
  const path = `${message.name}.${field.name}`;
  return type.kind === "group"
    ? {
        code: "unsupported-group",
        severity: "error",
        message: `${file.name}: ${path} is a group, which is not supported`,
        path,
      }
    : {
        code: "unresolved-type",
        severity: "error",
        message: `${file.name}: the type ${type.kind === "named" ? type.name : type.scalar} of ${path} is in none of the files`,
        path,
      };
}
