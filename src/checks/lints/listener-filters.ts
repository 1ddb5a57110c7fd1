import type { Listener, ListenerFilter } from "../../schema/api.ts";
import { typeNameOf } from "../../schema/type-urls.ts";
import type { LintView } from "../lint.ts";
import { field, items, type Located, unpack } from "../located.ts";

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

/** True when the listener's proxy_protocol filter keeps TLVs for the upstream (PP-40). */
export function keepsTlvs({ schema }: Pick<LintView, "schema">, listener: Located<Listener>): boolean {
  return filtersOfType(listener, proxyProtocolFilter).some((filter) => {
    const config = unpack(schema, field(filter, "typed_config"), proxyProtocolFilter);
    return config?.value.pass_through_tlvs !== undefined;
  });
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
