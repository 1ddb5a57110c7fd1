import { unreachable } from "../../base/unreachable.ts";
import type {
  Descriptors,
  FieldDescriptor,
  FieldKind,
  MessageDescriptor,
  ScalarKind,
} from "../descriptor.ts";
import { MadeWhenNeeded } from "../made-when-needed.ts";
import { isRecord } from "../record.ts";
import { wrapperKinds } from "../well-known-types.ts";
import { type Check, firstOf, type RuleSet } from "./check.ts";
import { bytesCheck, stringCheck } from "./text-rules.ts";
import { anyCheck, boolCheck, durationCheck, enumCheck, numberCheck, timestampCheck } from "./value-rules.ts";

/** What is checked of one value. */
export interface ValueRules {
  readonly check: Check | undefined;
  /** The message type to go down into. */
  readonly message: string | undefined;
}

export interface FieldRulesPlan {
  readonly name: string;
  readonly shape: "single" | "repeated" | "map";
  /** The complaint when the field is absent. */
  readonly required: string | undefined;
  /** What an absent field counts as; undefined when an absent field is not checked. */
  readonly fallback: unknown;
  readonly value: ValueRules;
  /** Of the list or map as a whole. */
  readonly collection: Check | undefined;
  /** Of map keys. */
  readonly key: Check | undefined;
}

export interface MessageRulesPlan {
  readonly fields: readonly FieldRulesPlan[];
  readonly requiredOneofs: readonly { readonly name: string; readonly members: readonly string[] }[];
}

type ValueKind = Exclude<FieldKind, { kind: "map" }>;

/** Compiles each type's rules when they are first needed. */
export class RulePlans {
  readonly #descriptors: Descriptors;
  readonly #plans: MadeWhenNeeded<MessageRulesPlan>;

  constructor(descriptors: Descriptors) {
    this.#descriptors = descriptors;
    this.#plans = new MadeWhenNeeded(descriptors, (descriptor) =>
      descriptor.rulesDisabled ? nothing : this.#compile(descriptor),
    );
  }

  of(typeName: string): MessageRulesPlan | undefined {
    return this.#plans.of(typeName);
  }

  #compile(descriptor: MessageDescriptor): MessageRulesPlan {
    const requiredOneofs = descriptor.oneofs
      .filter(({ isRequired }) => isRequired)
      .map(({ name }) => ({
        name,
        members: descriptor.fields.filter(({ oneof }) => oneof === name).map((field) => field.name),
      }));
    const fields = descriptor.fields.map((field) => this.#field(field)).filter((plan) => plan !== undefined);
    return { fields, requiredOneofs };
  }

  #field(field: FieldDescriptor): FieldRulesPlan | undefined {
    const rules: RuleSet = field.rules ?? {};
    const plan = field.type.kind === "map" ? this.#map(field, rules) : this.#plain(field, field.type, rules);
    const { required, value, collection, key } = plan;
    const isIdle = !required && !value.check && !value.message && !collection && !key;
    return isIdle ? undefined : plan;
  }

  #plain(field: FieldDescriptor, type: ValueKind, rules: RuleSet): FieldRulesPlan {
    const { name } = field;
    if (field.isRepeated) {
      const list = ruleSet(rules, "repeated");
      const value = this.#value(type, ruleSet(list, "items"));
      return {
        name,
        shape: "repeated",
        required: undefined,
        fallback: [],
        value,
        collection: unlessEmpty(list, listCheck(list)),
        key: undefined,
      };
    }
    const isRequired = ["message", "duration", "timestamp", "any"].some(
      (kind) => ruleSet(rules, kind)["required"] === true,
    );
    const fallback = field.hasPresence || type.kind === "message" ? undefined : this.#defaultOf(type);
    return {
      name,
      shape: "single",
      // Of the members of a oneof only the one that is set is checked: another is no missing value.
      required: isRequired && field.oneof === undefined ? requiredText(type, rules) : undefined,
      fallback,
      value: this.#value(type, rules),
      collection: undefined,
      key: undefined,
    };
  }

  #map(field: FieldDescriptor, rules: RuleSet): FieldRulesPlan {
    if (field.type.kind !== "map") throw new Error(`${field.name} is not a map`);
    const map = ruleSet(rules, "map");
    return {
      name: field.name,
      shape: "map",
      required: undefined,
      fallback: {},
      value: this.#value(field.type.value, ruleSet(map, "values")),
      collection: unlessEmpty(map, mapCheck(map)),
      key: scalarCheck(field.type.key, ruleSet(map, "keys")),
    };
  }

  #value(type: ValueKind, rules: RuleSet): ValueRules {
    switch (type.kind) {
      case "scalar":
        return { check: scalarCheck(type.scalar, rules), message: undefined };
      case "enum": {
        const values = this.#descriptors.enums.get(type.name)?.values ?? [];
        const numbers = new Map(values.map(({ name, number }) => [name, number]));
        return { check: enumCheck(ruleSet(rules, "enum"), numbers), message: undefined };
      }
      case "message": {
        const wrapped = wrapperKinds.get(type.name);
        if (wrapped) return { check: onWrapped(scalarCheck(wrapped, rules), wrapped), message: undefined };
        const check = firstOf([
          durationCheck(ruleSet(rules, "duration")),
          timestampCheck(ruleSet(rules, "timestamp")),
          anyCheck(ruleSet(rules, "any")),
        ]);
        return { check, message: ruleSet(rules, "message")["skip"] === true ? undefined : type.name };
      }
      default:
        return unreachable(type);
    }
  }

  #defaultOf(type: ValueKind): unknown {
    if (type.kind === "enum") return 0;
    return type.kind === "scalar" ? defaultOf(type.scalar) : undefined;
  }
}

const nothing: MessageRulesPlan = { fields: [], requiredOneofs: [] };

function ruleSet(rules: RuleSet, name: string): RuleSet {
  const set = rules[name];
  return isRecord(set) ? set : {};
}

/** A wrapper whose value has rules too is spoken of in other words. */
function requiredText(type: ValueKind, rules: RuleSet): string {
  const wrapped = type.kind === "message" ? wrapperKinds.get(type.name) : undefined;
  return wrapped !== undefined && rules[wrapped] !== undefined
    ? "value is required and must not be nil."
    : "value is required";
}

function defaultOf(kind: ScalarKind): unknown {
  if (kind === "string") return "";
  if (kind === "bytes") return Buffer.alloc(0);
  return kind === "bool" ? false : 0;
}

function scalarCheck(kind: ScalarKind, rules: RuleSet): Check | undefined {
  const own = ruleSet(rules, kind);
  if (kind === "string") return stringCheck(own);
  if (kind === "bytes") return bytesCheck(own);
  if (kind === "bool") return boolCheck(own);
  return numberCheck(own, kind.endsWith("64"));
}

/** A wrapper is checked by its value. */
function onWrapped(check: Check | undefined, kind: ScalarKind): Check | undefined {
  const fallback = defaultOf(kind);
  return check && ((value) => check(isRecord(value) ? (value["value"] ?? fallback) : fallback));
}

function unlessEmpty(rules: RuleSet, check: Check | undefined): Check | undefined {
  if (!check || rules["ignore_empty"] !== true) return check;
  return (value) => (sizeOf(value) === 0 ? undefined : check(value));
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isRecord(value) ? Object.keys(value).length : 0;
}

function countCheck(min: unknown, max: unknown, noun: string): Check | undefined {
  if (min === undefined && max === undefined) return undefined;
  const least = min === undefined ? 0 : Number(min);
  const most = max === undefined ? Number.POSITIVE_INFINITY : Number(max);
  let complaint = `value must contain no more than ${most} ${noun}(s)`;
  if (least === most) complaint = `value must contain exactly ${least} ${noun}(s)`;
  else if (max === undefined) complaint = `value must contain at least ${least} ${noun}(s)`;
  else if (min !== undefined)
    complaint = `value must contain between ${least} and ${most} ${noun}s, inclusive`;
  return (value) => {
    const size = sizeOf(value);
    return size < least || size > most ? complaint : undefined;
  };
}

/** Items are compared by value; messages, which PGV cannot compare, by identity. */
function uniqueCheck(value: unknown): string | undefined {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const keys = items.map((item) => (Buffer.isBuffer(item) ? item.toString("latin1") : item));
  return new Set(keys).size < keys.length ? "repeated value must contain unique items" : undefined;
}

function listCheck(rules: RuleSet): Check | undefined {
  return firstOf([
    countCheck(rules["min_items"], rules["max_items"], "item"),
    rules["unique"] === true ? uniqueCheck : undefined,
  ]);
}

/** `no_sparse` needs no check: a map of a message never holds an entry without a value. */
function mapCheck(rules: RuleSet): Check | undefined {
  return countCheck(rules["min_pairs"], rules["max_pairs"], "pair");
}
