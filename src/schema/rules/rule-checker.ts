import type { Descriptors } from "../descriptor.ts";
import type { Message } from "../message.ts";
import { isRecord } from "../record.ts";
import { typeNameOf } from "../type-urls.ts";
import { type FieldRulesPlan, type MessageRulesPlan, RulePlans } from "./rule-plans.ts";

/** A field whose value breaks a protoc-gen-validate rule. */
export interface RuleViolation {
  /** Below the message that was checked, with Envoy's field names: `load_assignment.endpoints[0].priority`. */
  readonly path: string;
  /** In the words of Envoy: `value must be less than or equal to 65535`. */
  readonly message: string;
  /** For a oneof without a member: the fields of which one is required. `path` then ends in the oneof's name. */
  readonly members?: readonly string[];
}

/**
 * Envoy checks the content of an Any when an extension takes it out. Of metadata nobody does: host-level TLVs of any type number are
 * taken from there (PP-103, PP-135).
 */
const METADATA = "envoy.config.core.v3.Metadata";

/** Collects violations; a path is put together on the way back up, so that valid messages cost nothing. */
interface Violation extends RuleViolation {
  path: string;
}

/** Checks the protoc-gen-validate rules of messages. */
export class RuleChecker {
  readonly #plans: RulePlans;
  readonly #descriptors: Descriptors;
  readonly #decode: (typeName: string, bytes: Buffer) => Message;

  constructor(descriptors: Descriptors, decode: (typeName: string, bytes: Buffer) => Message) {
    this.#plans = new RulePlans(descriptors);
    this.#descriptors = descriptors;
    this.#decode = decode;
  }

  /** All violations, in order of field number. With `entersAny`, of the contents of known Anys too. */
  check(typeName: string, message: Message, entersAny: boolean): readonly RuleViolation[] {
    const violations: Violation[] = [];
    this.#message(typeName, message, entersAny, violations);
    return violations;
  }

  #message(typeName: string, message: Message, entersAny: boolean, out: Violation[]): void {
    const plan = this.#plans.of(typeName);
    if (!plan) return;
    const entersFields = entersAny && typeName !== METADATA;
    for (const field of plan.fields) {
      const value = message[field.name];
      if (value === undefined && field.fallback === undefined) {
        if (field.required !== undefined) out.push({ path: field.name, message: field.required });
        continue;
      }
      const before = out.length;
      this.#field(field, value ?? field.fallback, entersFields, out);
      prefixFrom(out, before, field.name);
    }
    checkOneofs(plan, message, out);
    if (entersAny && typeName === "google.protobuf.Any") this.#content(message, out);
  }

  #field(field: FieldRulesPlan, value: unknown, entersAny: boolean, out: Violation[]): void {
    const complaint = field.collection?.(value);
    if (complaint !== undefined) out.push({ path: "", message: complaint });
    if (field.shape === "single") this.#value(field, value, entersAny, out);
    else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        const before = out.length;
        this.#value(field, value[index], entersAny, out);
        prefixFrom(out, before, `[${index}]`);
      }
    } else if (isRecord(value)) {
      for (const key of Object.keys(value)) {
        const before = out.length;
        const keyComplaint = field.key?.(key);
        if (keyComplaint !== undefined) out.push({ path: "", message: keyComplaint });
        this.#value(field, value[key], entersAny, out);
        prefixFrom(out, before, `[${JSON.stringify(key)}]`);
      }
    }
  }

  #value(field: FieldRulesPlan, value: unknown, entersAny: boolean, out: Violation[]): void {
    const complaint = field.value.check?.(value);
    if (complaint !== undefined) out.push({ path: "", message: complaint });
    const { message } = field.value;
    if (message !== undefined && isRecord(value)) this.#message(message, value, entersAny, out);
  }

  #content(any: Message, out: Violation[]): void {
    const { type_url: typeUrl, value } = any;
    if (typeof typeUrl !== "string") return;
    const typeName = typeNameOf(typeUrl);
    if (!this.#descriptors.messages.has(typeName)) return;
    const bytes = Buffer.isBuffer(value) ? value : Buffer.alloc(0);
    this.#message(typeName, this.#decode(typeName, bytes), true, out);
  }
}

function checkOneofs(plan: MessageRulesPlan, message: Message, out: Violation[]): void {
  for (const { name, members } of plan.requiredOneofs) {
    if (members.some((member) => message[member] !== undefined)) continue;
    out.push({ path: name, message: `is required: one of ${members.join(", ")}`, members });
  }
}

function prefixFrom(out: Violation[], start: number, segment: string): void {
  for (let index = start; index < out.length; index += 1) {
    const violation = out[index]!;
    const glue = violation.path === "" || violation.path.startsWith("[") ? "" : ".";
    violation.path = `${segment}${glue}${violation.path}`;
  }
}
