import type { Cluster, MessageTypes } from "../../schema/api.ts";
import type { Schema } from "../../schema/schema.ts";
import { field, type Located, mapValue, unpack } from "../located.ts";

const optionsType = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The HttpProtocolOptions of a cluster, if it has any. */
export function httpOptionsOf(
  schema: Schema,
  cluster: Located<Cluster>,
): Located<MessageTypes[typeof optionsType]> | undefined {
  const options = mapValue(field(cluster, "typed_extension_protocol_options"), optionsType);
  return unpack(schema, options, optionsType);
}

/** Where a cluster is told to speak HTTP/2, always, by ALPN, or as the downstream does. */
export function http2Of(schema: Schema, cluster: Located<Cluster>): Located<unknown> | undefined {
  const options = httpOptionsOf(schema, cluster);
  const explicit = options && field(options, "explicit_http_config");
  const downstream = options && field(options, "use_downstream_protocol_config");
  return (
    (explicit && field(explicit, "http2_protocol_options")) ??
    (downstream && field(downstream, "http2_protocol_options")) ??
    (options && field(options, "auto_config")) ??
    field(cluster, "http2_protocol_options")
  );
}

/** Where a cluster is told to speak HTTP/3, which runs over UDP. */
export function http3Of(schema: Schema, cluster: Located<Cluster>): Located<unknown> | undefined {
  const options = httpOptionsOf(schema, cluster);
  const explicit = options && field(options, "explicit_http_config");
  const downstream = options && field(options, "use_downstream_protocol_config");
  const auto = options && field(options, "auto_config");
  return (
    (explicit && field(explicit, "http3_protocol_options")) ??
    (downstream && field(downstream, "http3_protocol_options")) ??
    (auto && field(auto, "http3_protocol_options"))
  );
}
