import type { MessageTypes } from "../../src/schema/api.ts";

/**
 * A message that the schema decoded as `typeName`, under its generated type: the same object (see `Message`), since what the
 * schema decodes has the declared shape.
 */
export function asType<Name extends keyof MessageTypes>(typeName: Name, message: object): MessageTypes[Name] {
  if (!isOfType(typeName, message)) throw new TypeError(`not a decoded ${typeName}`);
  return message;
}

function isOfType<Name extends keyof MessageTypes>(
  _typeName: Name,
  message: object,
): message is MessageTypes[Name] {
  return !Array.isArray(message) && !(message instanceof Uint8Array);
}
