import type { MetadataValue } from "../connection-info.ts";
import type { FormatSource } from "./format-source.ts";

/** What an operator yields: text, a number, or a structure; undefined where there is nothing. */
export type OperatorValue = MetadataValue | undefined;

/** An operator with its argument, ready to be asked. */
export type OperatorReader = (source: FormatSource) => OperatorValue;

/** Why an argument will not do, in Envoy's words. */
export interface OperatorRefusal {
  readonly reason: string;
}

/** An operator of format strings, such as `REQ`. */
export interface Operator {
  readonly argument: "none" | "optional" | "required";
  /** It may be cut: `%REQ(x):10%`. */
  readonly hasLength: boolean;
  /** `argument` is empty when there is none. */
  read(argument: string): OperatorReader | OperatorRefusal;
}

/** Operators by name. */
export type OperatorTable = Readonly<Record<string, Operator>>;

/** An operator that is its name alone. */
export function plain(reader: OperatorReader): Operator {
  return { argument: "none", hasLength: false, read: () => reader };
}
