import type { Extension, ListenerFilter, ListenerFilterVerdict } from "../resources/extension.ts";
import { parsed } from "../resources/parsed.ts";
import { unsupportedFields } from "../resources/support.ts";
import { detectHttp } from "./detect-http.ts";

const typeName = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";

/** Envoy's limit of what it looks at before it gives the connection up. */
const MAX_INSPECT_BYTES = 64 * 1024;

const counterNames = ["http10_found", "http11_found", "http2_found", "http_not_found", "read_error"] as const;

const more: ListenerFilterVerdict = { kind: "more" };
const close: ListenerFilterVerdict = { kind: "close" };
const untouched: ListenerFilterVerdict = { kind: "continue", consumed: 0 };

/** What a version is called among application protocols, and where it counts. */
const outcomes = {
  "HTTP/1.0": { protocol: "http/1.0", counter: "http10_found" },
  "HTTP/1.1": { protocol: "http/1.1", counter: "http11_found" },
  "HTTP/2": { protocol: "h2c", counter: "http2_found" },
} as const;

/** `envoy.filters.listener.http_inspector`: tells HTTP from other plain streams, and its version. Consumes nothing. */
export const httpInspector: Extension<ListenerFilter> = {
  typeName,
  parse: (message, _context, path) =>
    parsed(
      (run) => {
        const counters = run.stats.counters("http_inspector", counterNames);
        return {
          readMaxBytes: MAX_INSPECT_BYTES,
          open: (info) => {
            // Nothing can be seen inside TLS.
            if (info.transportProtocol === "tls") return () => untouched;
            return (bytes) => {
              const found = detectHttp(bytes.subarray(0, MAX_INSPECT_BYTES));
              if (found === "more") {
                if (bytes.length < MAX_INSPECT_BYTES) return more;
                counters.read_error += 1;
                return close;
              }
              if (found === "none") counters.http_not_found += 1;
              else {
                const { protocol, counter } = outcomes[found];
                info.applicationProtocols = [protocol];
                counters[counter] += 1;
              }
              return untouched;
            };
          },
        };
      },
      unsupportedFields(message, {}, path),
    ),
};
