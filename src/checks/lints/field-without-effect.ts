import { walk } from "../../config/walk.ts";
import { fieldPath } from "../../schema/path.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import type { Lint } from "../lint.ts";

/** Fields that Envoy 1.40 takes and does nothing with: message type, field, and what to know (PP-76, 98, 121). */
const fields: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  [
    "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
    {
      tlv_as_pool_key:
        "a connection opened with one client's TLVs is used again for the same addresses with other TLVs",
      allow_unspecified_address: "addresses such as 0.0.0.0 are treated as without it",
    },
  ],
  [
    "envoy.extensions.filters.listener.original_src.v3.OriginalSrc",
    { bind_port: "only the client's address is used, the system chooses the port" },
  ],
  [
    "envoy.config.core.v3.HealthCheck.TcpHealthCheck",
    { "proxy_protocol_config.added_tlvs": "the header of probes has no TLVs" },
  ],
]);

/** A field that reads as if it did something. */
export const fieldWithoutEffect: Lint = {
  code: "field-without-effect",
  severity: "warning",
  *check({ schema, clusters, listeners }) {
    for (const { resource, value } of [...clusters.values(), ...listeners.values()]) {
      const found: { path: string; message: string }[] = [];
      walk(schema, typeNameOf(resource.typeUrl), { ...value }, "", (typeName, message, path) => {
        for (const [name, consequence] of Object.entries(fields.get(typeName) ?? {})) {
          if (!isSet(message, name)) continue;
          found.push({
            path: fieldPath(path, name),
            message: `${name} has no effect in Envoy 1.40: ${consequence}`,
          });
        }
        return true;
      });
      for (const finding of found) yield { resource, ...finding };
    }
  },
};

function isSet(message: object, path: string): boolean {
  let value: unknown = message;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return false;
    value = Object.entries(value).find(([key]) => key === name)?.[1];
  }
  return value !== undefined;
}
