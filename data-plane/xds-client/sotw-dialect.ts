import type { Message } from "../../src/schema/message.ts";
import type { Dialect } from "./dialect.ts";
import { errorDetail, unlessEmpty } from "./dialect.ts";
import type { Answer, TypeState } from "./type-state.ts";

function request(type: TypeState, answer?: Answer): Message {
  return {
    ...unlessEmpty("version_info", type.version),
    ...unlessEmpty("resource_names", [...type.names.keys()]),
    type_url: type.typeUrl,
    ...unlessEmpty("response_nonce", answer?.nonce ?? type.stream.nonce),
    ...(answer ? errorDetail(answer) : {}),
  };
}

/** State of the world: every request carries all names and the accepted version, every response the full state. */
export const sotwDialect: Dialect = {
  first: (type) => request(type),
  change: (type) => request(type),
  // An answer to an older nonce is stale by definition, so only the last is told.
  answers: (type, answers) => answers.slice(-1).map((answer) => request(type, answer)),
  removed: (type, response, resources) => {
    if (!type.isWildcard || response.content.kind === "malformed") return [];
    // Heartbeats alone are no full state: nothing was left out of it (XC-53).
    if (resources.length > 0 && resources.every(({ resource }) => !resource)) return [];
    const present = new Set(resources.map(({ name }) => name));
    const known = new Set([...type.held.keys(), ...type.errors.keys()]);
    return [...known].filter((name) => !present.has(name));
  },
  refuseHeartbeat: () => undefined,
};
