import type {
  DownstreamTransportSocket,
  Extension,
  UpstreamTransportSocket,
} from "../resources/extension.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";

const typeName = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

const upstream: UpstreamTransportSocket = { header: () => undefined };
const downstream: DownstreamTransportSocket = {};

/** Bytes as they are, towards an upstream. */
export const upstreamRawBuffer: Extension<UpstreamTransportSocket> = {
  typeName,
  parse: (config, _context, path) => parsed(() => upstream, unsupportedFields(config, {}, path)),
};

/** Bytes as they are, from a downstream. */
export const downstreamRawBuffer: Extension<DownstreamTransportSocket> = {
  typeName,
  parse: (config, _context, path) => parsed(() => downstream, unsupportedFields(config, {}, path)),
};
