import type { ConnectionInfo } from "../network/connection-info.ts";
import type { Extension, ListenerFilter, ListenerFilterVerdict } from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import { parsed } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, unsupportedFields } from "../resources/support.ts";
import { wrapped } from "../resources/values.ts";
import type { ClientHello } from "../network/client-hello.ts";
import { MAX_HELLO_BYTES, offeredProtocols, readClientHello, serverNameOf } from "../network/client-hello.ts";
import { ja3, ja4 } from "./tls-fingerprints.ts";

const typeName = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
const METADATA = "envoy.filters.listener.tls_inspector";

const support: SupportTable = {
  enable_ja3_fingerprinting: true,
  enable_ja4_fingerprinting: true,
  // How much Envoy looks at in its first peek; the outcome is the same whatever it is.
  initial_read_buffer_size: noEffect,
  max_client_hello_size: true,
  close_connection_on_client_hello_parsing_errors: true,
};

const counterNames = [
  "alpn_found",
  "alpn_not_found",
  "client_hello_too_large",
  "sni_found",
  "sni_not_found",
  "tls_found",
  "tls_not_found",
] as const;

const more: ListenerFilterVerdict = { kind: "more" };
const close: ListenerFilterVerdict = { kind: "close" };
const untouched: ListenerFilterVerdict = { kind: "continue", consumed: 0 };

/** `envoy.filters.listener.tls_inspector`: tells TLS from other streams, and what its ClientHello asks for. Consumes nothing. */
export const tlsInspector: Extension<ListenerFilter> = {
  typeName,
  parse(message, _context, path) {
    const filter = asType(typeName, message);
    const readMaxBytes = wrapped(filter.max_client_hello_size, 0, MAX_HELLO_BYTES);
    const closesOnError = filter.close_connection_on_client_hello_parsing_errors ?? false;
    const hasJa3 = wrapped(filter.enable_ja3_fingerprinting, false, false);
    const hasJa4 = wrapped(filter.enable_ja4_fingerprinting, false, false);
    return parsed(
      (run) => {
        const counters = run.stats.counters("tls_inspector", counterNames);
        const { bytes_processed: processed } = run.stats.histograms("tls_inspector", ["bytes_processed"]);
        const found = (info: ConnectionInfo, hello: ClientHello, serverName: string) => {
          info.transportProtocol = "tls";
          info.serverName = serverName.toLowerCase();
          counters.tls_found += 1;
          if (serverName === "") counters.sni_not_found += 1;
          else counters.sni_found += 1;
          const protocols = offeredProtocols(hello);
          if (protocols) {
            info.applicationProtocols = protocols;
            counters.alpn_found += 1;
          } else counters.alpn_not_found += 1;
          if (hasJa3) info.ja3Hash = ja3(hello);
          if (hasJa4) info.ja4Hash = ja4(hello);
        };
        return {
          readMaxBytes,
          open: (info) => (bytes) => {
            const seen = bytes.length > readMaxBytes ? bytes.subarray(0, readMaxBytes) : bytes;
            const verdict = readClientHello(seen);
            if (verdict.kind === "more") {
              if (seen.length < readMaxBytes) return more;
              counters.client_hello_too_large += 1;
              processed.record(seen.length);
              info.addMetadata(METADATA, "failure_reason", "ClientHelloTooLarge");
              return close;
            }
            processed.record(verdict.size);
            const serverName = verdict.kind === "hello" ? serverNameOf(verdict.hello) : undefined;
            if (verdict.kind === "hello" && serverName !== undefined) {
              found(info, verdict.hello, serverName);
              return untouched;
            }
            counters.tls_not_found += 1;
            if (closesOnError) return close;
            info.addMetadata(METADATA, "failure_reason", "ClientHelloNotDetected");
            return untouched;
          },
        };
      },
      unsupportedFields(message, support, path),
    );
  },
};
