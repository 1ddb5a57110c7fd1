import type { Dialect } from "./dialect.ts";
import { errorDetail, unlessEmpty } from "./dialect.ts";
import type { TypeState } from "./type-state.ts";

function initialVersions(type: TypeState) {
  const versions = [...type.held].map(([name, { version }]) => [name, version] as const);
  return versions.length > 0 ? { initial_resource_versions: Object.fromEntries(versions) } : {};
}

/** Delta: requests carry changes of names, responses changes of resources; an ACK is its nonce alone. */
export const deltaDialect: Dialect = {
  first: (type) => ({
    type_url: type.typeUrl,
    ...unlessEmpty("resource_names_subscribe", [...type.names.keys()]),
    ...initialVersions(type),
  }),
  change: (type) => ({
    type_url: type.typeUrl,
    ...unlessEmpty("resource_names_subscribe", [...type.stream.wanted]),
    ...unlessEmpty("resource_names_unsubscribe", [...type.stream.unwanted]),
  }),
  answers: (type, answers) =>
    answers.map((answer) => ({
      type_url: type.typeUrl,
      ...unlessEmpty("response_nonce", answer.nonce),
      ...errorDetail(answer),
    })),
  removed: (type, { content }) => {
    if (content.kind === "malformed") return [];
    const isKnown = (name: string) =>
      type.isWildcard ? type.held.has(name) || type.errors.has(name) : type.names.has(name);
    return content.removed.filter(isKnown);
  },
  refuseHeartbeat: (type, { name, version }) => {
    const held = type.held.get(name);
    return held && held.version !== version
      ? `heartbeat of ${name} has version "${version}", held is version "${held.version}"`
      : undefined;
  },
};
