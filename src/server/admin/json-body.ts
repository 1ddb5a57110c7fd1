import { nearest } from "../../base/edit-distance.ts";

/** What a field of a body has to be. */
export interface Field<Value> {
  /** `true or false` */
  readonly expected: string;
  readonly is: (value: unknown) => value is Value;
}

type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of the fields that a body has. */
export type Body<Shape extends Fields> = {
  readonly [Name in keyof Shape]?: Shape[Name] extends Field<infer Value> ? Value : never;
};

export const flagField: Field<boolean> = {
  expected: "true or false",
  is: (value): value is boolean => typeof value === "boolean",
};

/** Whatever it is, somebody else looks at it. */
export const anyField: Field<unknown> = { expected: "anything", is: (_value): _value is unknown => true };

/** Takes a JSON object with no other fields than these, or answers all that is wrong with it, in words. */
export function readBody<Shape extends Fields>(body: unknown, shape: Shape): Body<Shape> | string {
  if (!isObject(body)) return `expected a JSON object, found ${describe(body)}`;
  const problems = Object.entries(body).flatMap(([name, value]) => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!field) return [unknownField(name, Object.keys(shape))];
    return field.is(value) ? [] : [`${name}: expected ${field.expected}, found ${describe(value)}`];
  });
  return isOf<Shape>(body, problems) ? body : problems.join("; ");
}

function isObject(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

function isOf<Shape extends Fields>(body: object, problems: readonly string[]): body is Body<Shape> {
  return problems.length === 0;
}

function unknownField(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  const expected = names.length > 0 ? `expected ${names.join(" or ")}` : "expected no further field";
  return `${cut(JSON.stringify(name))}: unknown field, ${near === undefined ? expected : `did you mean ${near}?`}`;
}

function describe(value: unknown): string {
  if (value === undefined) return "no JSON";
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
