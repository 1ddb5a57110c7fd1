import type { Message } from "../../schema/message.ts";
import { isRecord } from "../../schema/record.ts";

/** Fields that tell items of a list apart, in the order in which they are looked for. */
const nameFields = ["name", "key", "header_name", "runtime_key", "type_url", "id"] as const;

/**
 * What tells an item of a list from its neighbours, for people: the address of an endpoint, `region/zone/sub_zone`, the
 * name of a filter, the header that is added. Undefined where nothing does.
 */
export function itemIdentity(typeName: string, item: unknown): string | undefined {
  if (typeof item === "string" || typeof item === "number") return String(item);
  if (!isRecord(item)) return undefined;
  switch (typeName) {
    case "envoy.config.endpoint.v3.LbEndpoint":
      return endpointIdentity(item);
    case "envoy.config.endpoint.v3.LocalityLbEndpoints":
      return localityIdentity(item);
    case "envoy.config.core.v3.HeaderValueOption":
      return textIn(item, "header", "key");
    case "envoy.config.core.v3.Address":
      return addressText(item);
    case "envoy.config.listener.v3.AdditionalAddress":
      return addressText(item["address"]);
    default:
      return nameFields.flatMap((field) => textIn(item, field) ?? [])[0];
  }
}

/** `10.0.0.1:80`, the path of a socket, or the name of an internal listener; undefined for no address. */
function addressText(address: unknown): string | undefined {
  if (!isRecord(address)) return undefined;
  const socket = address["socket_address"];
  if (isRecord(socket)) {
    const host = textIn(socket, "address") ?? "";
    const { port_value: number = 0 } = socket;
    const port = textIn(socket, "named_port") ?? (typeof number === "number" ? number : 0);
    return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }
  const internal = textIn(address, "envoy_internal_address", "server_listener_name");
  if (internal === undefined) return textIn(address, "pipe", "path");
  const endpoint = textIn(address, "envoy_internal_address", "endpoint_id");
  return endpoint === undefined ? internal : `${internal}/${endpoint}`;
}

function endpointIdentity(item: Message): string | undefined {
  const endpoint = item["endpoint"];
  return isRecord(endpoint) ? addressText(endpoint["address"]) : textIn(item, "endpoint_name");
}

/** Endpoints of one locality may be parted by priority. */
function localityIdentity(item: Message): string {
  const { locality, priority } = item;
  const parts = isRecord(locality)
    ? ["region", "zone", "sub_zone"].map((field) => textIn(locality, field) ?? "")
    : [];
  const place = parts.join("/").replace(/\/+$/, "");
  const name = place === "" ? "no locality" : place;
  return typeof priority === "number" ? `${name}, priority ${priority}` : name;
}

function textIn(item: unknown, ...path: readonly string[]): string | undefined {
  let value = item;
  for (const step of path) value = isRecord(value) ? value[step] : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}
