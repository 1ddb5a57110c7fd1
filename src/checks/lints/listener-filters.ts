import type { Listener, ListenerFilter } from "../../schema/api.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import { items, type Located } from "../located.ts";

export const proxyProtocolFilter = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";
export const tlsInspectorFilter = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
export const httpInspectorFilter = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
export const originalSrcFilter = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";

/** The listener filters of a type, with their place in the order that they run in. */
export function filtersOfType(
  listener: Located<Listener>,
  typeName: string,
): readonly (Located<ListenerFilter> & { readonly index: number })[] {
  return items(listener, "listener_filters").flatMap((filter, index) =>
    typeNameOf(filter.value.typed_config?.type_url ?? "") === typeName ? [{ ...filter, index }] : [],
  );
}

/** True when the listener reads PROXY headers, by the filter or by the deprecated use_proxy_proto. */
export function readsHeader(listener: Located<Listener>): boolean {
  return filtersOfType(listener, proxyProtocolFilter).length > 0 || usesProxyProto(listener);
}

/** The deprecated flag; Envoy looks at the first filter chain, and at the default one where it is the only one. */
export function usesProxyProto({ value }: Located<Listener>): boolean {
  const first = value.filter_chains?.[0] ?? value.default_filter_chain;
  return first?.use_proxy_proto?.value === true;
}
