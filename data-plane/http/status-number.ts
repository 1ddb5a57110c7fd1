import { STATUS_CODES } from "node:http";

const numbers: ReadonlyMap<string, number> = new Map(
  Object.entries(STATUS_CODES).map(([number, phrase = ""]) => [
    phrase.replaceAll(/[^A-Za-z]/g, "").toLowerCase(),
    Number(number),
  ]),
);

/** The number of an `envoy.type.v3.StatusCode`, which is its name, or a number that the schema does not know. */
export function statusNumber(code: string | number | undefined): number | undefined {
  return typeof code === "number" ? code : numbers.get((code ?? "").toLowerCase());
}
